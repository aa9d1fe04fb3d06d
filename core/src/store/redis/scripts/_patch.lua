-- What a patch does to a record.

local function increment(record, name, by)
  local _, attribute = find_attribute(record.attributes, name)
  local value = tonumber((attribute and attribute.json or '0'):match('^[ \t\r\n]*(%-?%d+)[ \t\r\n]*$'))
  if not value or math.abs(value) > MAX_INTEGER then
    return {INVALID_ARGUMENT, "attribute '" .. name .. "' is no integer to increment"}
  end
  if value > MAX_INTEGER - by or value < -MAX_INTEGER - by then
    return {INVALID_ARGUMENT, "attribute '" .. name .. "' would leave the range of 2^53"}
  end
  set_attribute(record.attributes, name, string.format('%.0f', value + by))
end

-- `adding`: existing attributes may not be changed.
local function check_existing(attributes, kind, name, adding)
  if (kind == 'add' or adding) and find_attribute(attributes, name) then
    return {ATTRIBUTE_EXISTS, "attribute '" .. name .. "' exists"}
  end
end

local function remove_attribute(attributes, name)
  local found = find_attribute(attributes, name)
  if found then table.remove(attributes, found) end
end

-- ARGV from `at`, in fours to the end: kind, name, JSON text or the integer to add, and the key of a 'put' or a 'take'.
local function change_attributes(record, at, adding)
  for i = at, #ARGV, 4 do
    local kind, name, argument, key = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
    local failure = check_existing(record.attributes, kind, name, adding)
    if failure then return failure end
    if kind == 'set' or kind == 'add' then
      set_attribute(record.attributes, name, argument)
    elseif kind == 'remove' then
      remove_attribute(record.attributes, name)
    elseif kind == 'increment' then
      failure = increment(record, name, tonumber(argument))
    else
      failure = change_bag(record, kind, name, key, argument)
    end
    if failure then return failure end
  end
  if #ARGV >= at then join_attributes(record) end
end

-- ARGV from `at`: how many there are, then each in three: 'set' or 'remove', name, JSON text. Where the next ones begin, and
-- the reply to give if it cannot be done.
local function change_protected(record, at, adding)
  local last = at + 3 * tonumber(ARGV[at])
  for i = at + 1, last, 3 do
    local kind, name, json = ARGV[i], ARGV[i + 1], ARGV[i + 2]
    local failure = check_existing(record.protected, kind, name, adding)
    if failure then return last + 1, failure end
    if kind == 'set' then
      set_attribute(record.protected, name, json)
    else
      remove_attribute(record.protected, name)
    end
  end
  if last > at then join_protected(record) end
  return last + 1
end

-- ARGV from `at`: '1' if existing attributes may not be changed; roles, scopes and device in MessagePack, each '' if it
-- stays; the changes of protected attributes; those of the others, which reach no protected one whatever their names.
-- The joined record, a generation later; or nil and the reply to give. If `before`, the joined record as it is, is given, a
-- patch that changes nothing gives that.
local function apply_patch(record, at, before)
  local adding = ARGV[at] == '1'
  local others, failure = change_protected(record, at + 4, adding)
  failure = failure or change_attributes(record, others, adding)
  if failure then return nil, failure end
  for i, element in ipairs({ROLES, SCOPES, DEVICE}) do
    if ARGV[at + i] ~= '' then record.slices[element] = ARGV[at + i] end
  end
  if before and join(record) == before then return before end
  return next_record(record)
end

