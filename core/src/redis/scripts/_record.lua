-- Reading and splicing session records. Every script begins with this file.
--
-- A record is cut into the bytes of its elements; a change replaces the bytes of the elements it names, and all others,
-- among them those that a later version added, are written back as they were read.

-- The first element of every reply: DONE, one of ficha::ErrorCode (a text may follow), or what the caller is to do next.
local DONE, INVALID_ARGUMENT, TOO_LARGE, CORRUPT_RECORD, SESSION_GONE = 0, 1, 3, 14, 20
local CONFLICT, ATTRIBUTE_EXISTS, SESSION_LIMIT = 21, 22, 23
local SUPERSEDED = -1 -- followed by the successor's id: ask again with that

-- Elements of a record.
local VERSION, KIND, GUARD, GENERATION, CREATED, EXPIRES, IDLE = 1, 2, 3, 4, 5, 6, 7
local AUTHENTICATED, LEVEL, PRINCIPAL, ROLES, SCOPES, DEVICE, ATTRIBUTES = 8, 9, 10, 11, 12, 13, 14

local MAX_RECORD, MAX_ATTRIBUTES, MAX_INTEGER = 256 * 1024, 256, 2 ^ 53
local ID_LENGTH, GUARD_LENGTH = 24, 11

local function id_of(key)
  return key:sub(-ID_LENGTH)
end

-- The first `count` elements of the MessagePack array or map in `bytes`, from `at`: values, bytes of each, what follows.
local function cut(bytes, at, count)
  local values, slices = {}, {}
  for i = 1, count do
    local after, value = cmsgpack.unpack_one(bytes, at)
    if value == nil then error('short') end
    if after == -1 then after = #bytes end
    values[i], slices[i], at = value, bytes:sub(at + 1, after), after
  end
  return values, slices, bytes:sub(at + 1)
end

local function array_header(bytes)
  local first, high, low = bytes:byte(1, 3)
  if first >= 0x90 and first <= 0x9f then return first - 0x90, 1 end
  if first == 0xdc then return high * 256 + low, 3 end
  error('no array')
end

local function map_header(bytes)
  local first, high, low = bytes:byte(1, 3)
  if first >= 0x80 and first <= 0x8f then return first - 0x80, 1 end
  if first == 0xde then return high * 256 + low, 3 end
  if array_header(bytes) == 0 then return 0, #bytes end
  error('no map')
end

-- Attributes, in the order in which the record has them.
local function cut_attributes(slice)
  local count, at = map_header(slice)
  local values, slices = cut(slice, at, 2 * count)
  local attributes = {}
  for i = 1, count do
    local name, json = values[2 * i - 1], values[2 * i]
    if type(name) ~= 'string' or type(json) ~= 'string' then error('no text') end
    attributes[i] = {name = name, json = json, bytes = slices[2 * i - 1] .. slices[2 * i]}
  end
  return attributes
end

local function cut_record(bytes, id)
  local count, at = array_header(bytes)
  local record = {header = bytes:sub(1, at)}
  record.values, record.slices, record.rest = cut(bytes, at, math.min(count, ATTRIBUTES))
  local values = record.values
  if values[VERSION] ~= 1 or values[GUARD] ~= id:sub(-GUARD_LENGTH) then error('not this record') end
  if count <= ATTRIBUTES and record.rest ~= '' then error('more than a record') end
  if values[KIND] == 1 and type(values[4]) == 'string' and #values[4] == ID_LENGTH then
    record.successor = values[4]
    return record
  end
  if values[KIND] ~= 0 or count < ATTRIBUTES then error('no session') end
  for i = GENERATION, LEVEL do
    local first = record.slices[i]:byte()
    local unsigned = first <= 0x7f or first >= 0xcc and first <= 0xcf
    if not unsigned or values[i] > MAX_INTEGER then error('no number') end
  end
  if values[GENERATION] < 1 or values[GENERATION] >= MAX_INTEGER then error('no generation') end
  if type(values[PRINCIPAL]) ~= 'string' then error('no principal') end
  for i = ROLES, ATTRIBUTES do
    if type(values[i]) ~= 'table' then error('no list') end
  end
  record.attributes = cut_attributes(record.slices[ATTRIBUTES])
  return record
end

-- The live session that `bytes`, as GET gave them, hold. Otherwise nil and the reply to give.
local function live_record(bytes, id)
  if not bytes then return nil, {SESSION_GONE} end
  local well_formed, record = pcall(cut_record, bytes, id)
  if not well_formed then return nil, {CORRUPT_RECORD} end
  if record.successor then return nil, {SUPERSEDED, record.successor} end
  return record
end

-- Clocks are the server's.
local function now()
  local time = redis.call('TIME')
  local seconds, microseconds = tonumber(time[1]), tonumber(time[2])
  return {seconds = seconds, ms = seconds * 1000 + math.floor(microseconds / 1000), fraction = microseconds / 1e6}
end

local function is_live(record, time)
  return record.values[EXPIRES] > time.seconds
end

local function set_number(record, element, value)
  record.values[element], record.slices[element] = value, cmsgpack.pack(value)
end

local function next_generation(record)
  set_number(record, GENERATION, record.values[GENERATION] + 1)
end

local function join(record)
  return record.header .. table.concat(record.slices) .. record.rest
end

-- When the key is to expire, in Unix milliseconds: the idle timeout from now, rounded up as by a touch (touch.hpp),
-- never later than the absolute deadline.
local function deadline_ms(record, time)
  local absolute, idle = record.values[EXPIRES] * 1000, record.values[IDLE] * 1000
  if idle == 0 then return absolute end
  local quantum = math.floor(idle / 16)
  return math.min(absolute, math.ceil((time.ms + idle) / quantum) * quantum)
end

local function find_attribute(record, name)
  for i, attribute in ipairs(record.attributes) do
    if attribute.name == name then return i, attribute end
  end
end

local function set_attribute(record, name, json)
  local i = find_attribute(record, name) or #record.attributes + 1
  record.attributes[i] = {name = name, json = json, bytes = cmsgpack.pack(name, json)}
end

local function join_attributes(record)
  local count = #record.attributes
  local parts = {count < 16 and string.char(0x80 + count) or string.char(0xde, math.floor(count / 256), count % 256)}
  for i, attribute in ipairs(record.attributes) do parts[i + 1] = attribute.bytes end
  record.slices[ATTRIBUTES] = table.concat(parts)
end

-- The reply to give instead of writing `bytes`, the joined record; nil if it fits.
local function oversize(record, bytes)
  if #record.attributes > MAX_ATTRIBUTES then return {TOO_LARGE, 'a session holds at most 256 attributes'} end
  if #bytes > MAX_RECORD then return {TOO_LARGE, 'a session record is at most 256 KiB'} end
end

local function increment(record, name, by)
  local _, attribute = find_attribute(record, name)
  local value = tonumber((attribute and attribute.json or '0'):match('^[ \t\r\n]*(%-?%d+)[ \t\r\n]*$'))
  if not value or math.abs(value) > MAX_INTEGER then
    return {INVALID_ARGUMENT, "attribute '" .. name .. "' is no integer to increment"}
  end
  if value > MAX_INTEGER - by or value < -MAX_INTEGER - by then
    return {INVALID_ARGUMENT, "attribute '" .. name .. "' would leave the range of 2^53"}
  end
  set_attribute(record, name, string.format('%.0f', value + by))
end

-- ARGV from `at`: '1' if existing attributes may not be changed; roles, scopes and device in MessagePack, each '' if it
-- stays; then 'set', 'add', 'remove' or 'increment', a name, and a JSON text or the integer to add, over and over.
-- The joined record, a generation later; or nil and the reply to give. If `before`, the joined record as it is, is given, a
-- patch that changes nothing gives that.
local function apply_patch(record, at, before)
  for i = at + 4, #ARGV, 3 do
    local kind, name, argument = ARGV[i], ARGV[i + 1], ARGV[i + 2]
    local found = find_attribute(record, name)
    if found and (kind == 'add' or ARGV[at] == '1') then
      return nil, {ATTRIBUTE_EXISTS, "attribute '" .. name .. "' exists"}
    end
    if kind == 'set' or kind == 'add' then
      set_attribute(record, name, argument)
    elseif kind == 'increment' then
      local failure = increment(record, name, tonumber(argument))
      if failure then return nil, failure end
    elseif found then
      table.remove(record.attributes, found)
    end
  end
  if #ARGV > at + 3 then join_attributes(record) end
  for i, element in ipairs({ROLES, SCOPES, DEVICE}) do
    if ARGV[at + i] ~= '' then record.slices[element] = ARGV[at + i] end
  end
  if before and join(record) == before then return before end
  next_generation(record)
  local bytes = join(record)
  local failure = oversize(record, bytes)
  if failure then return nil, failure end
  return bytes
end

-- Members of an index whose absolute deadline has passed, so many that it takes little time.
local function drop_expired(index, time)
  local expired = redis.call('ZRANGE', index, '-inf', time.seconds, 'BYSCORE', 'LIMIT', 0, 250)
  if #expired > 0 then redis.call('ZREM', index, unpack(expired)) end
end

-- Puts a session into its principal's index, by absolute deadline. The fraction keeps those of one second in the order in
-- which they were made. The index lives as long as its longest-lived member.
local function add_to_index(index, id, score)
  local text = string.format('%.6f', score)
  redis.call('ZADD', index, text, id)
  local expires_ms = string.format('%.0f', math.ceil(score) * 1000)
  if redis.call('PEXPIREAT', index, expires_ms, 'NX') == 0 then redis.call('PEXPIREAT', index, expires_ms, 'GT') end
end

-- Lets a session's place in its principal's index follow a later absolute deadline. It never moves forward: one that did
-- could slip past a walk through the index (patch_principal.lua).
local function raise_in_index(record, session, time)
  if record.values[PRINCIPAL] == '' then return end
  local index = session:sub(1, session:find('}', 1, true)) .. '@' .. record.values[PRINCIPAL]
  local score, listed = record.values[EXPIRES] + time.fraction, redis.call('ZSCORE', index, id_of(session))
  if not listed or tonumber(listed) < score then add_to_index(index, id_of(session), score) end
end
