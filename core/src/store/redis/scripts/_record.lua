-- Reading and splicing session records.
--
-- A record is cut into the bytes of its elements; a change replaces the bytes of the elements it names, and all others,
-- among them those that a later version added, are written back as they were read.

-- The first element of every reply: DONE, one of ficha::ErrorCode (a text may follow), or what the caller is to do next.
local DONE, INVALID_ARGUMENT, TOO_LARGE, CORRUPT_RECORD, SESSION_GONE = 0, 1, 3, 14, 20
local CONFLICT, ATTRIBUTE_EXISTS, SESSION_LIMIT = 21, 22, 23
local SUPERSEDED = -1 -- followed by the successor's id: ask again with that

-- Elements of a record. A record without protected attributes may end before them.
local VERSION, KIND, GUARD, GENERATION, CREATED, EXPIRES, IDLE = 1, 2, 3, 4, 5, 6, 7
local AUTHENTICATED, LEVEL, PRINCIPAL, ROLES, SCOPES, DEVICE, ATTRIBUTES, PROTECTED = 8, 9, 10, 11, 12, 13, 14, 15

local MAX_RECORD, MAX_VALUE, MAX_NAME, MAX_PRINCIPAL = 256 * 1024, 64 * 1024, 64, 256
local MAX_ATTRIBUTES, MAX_PROTECTED, MAX_PROTECTED_BYTES = 256, 32, 64 * 1024
local ID_LENGTH, GUARD_LENGTH = 24, 11

local function id_of(key)
  return key:sub(-ID_LENGTH)
end

-- Elements `first` to `last`, all of one kind, into values and slices of `record`.
local function cut_scalars(record, first, last, wanted)
  for element = first, last do
    local kind, value, after = read(record.bytes, record.at)
    if kind ~= wanted or kind == INTEGER and value > MAX_INTEGER then error('wrong type') end
    if kind == TEXT then record.texts[#record.texts + 1] = value end
    record.values[element], record.slices[element] = value, record.bytes:sub(record.at, after - 1)
    record.at = after
  end
end

-- An array of texts; of `length` or none, if that is given.
local function cut_list(record, element, length)
  local kind, count, after = read(record.bytes, record.at)
  if kind ~= ARRAY or length and count ~= length and count ~= 0 then error('no list') end
  for _ = 1, count do
    local text
    kind, text, after = read(record.bytes, after)
    if kind ~= TEXT then error('no text') end
    record.texts[#record.texts + 1] = text
  end
  record.slices[element], record.at = record.bytes:sub(record.at, after - 1), after
end

-- Attributes, in the order in which the record has them. An empty map may be an empty array: cmsgpack packs it so.
local function cut_attributes(record, element, most)
  local texts, attributes, seen = record.texts, {}, {}
  local kind, count, after = read(record.bytes, record.at)
  if kind ~= MAP and (kind ~= ARRAY or count ~= 0) or count > most then error('no attributes') end
  for i = 1, count do
    local from, name, json = after, nil, nil
    kind, name, after = read(record.bytes, after)
    if kind ~= TEXT or name == '' or #name > MAX_NAME or not is_plain(name) or seen[name] then error('no name') end
    kind, json, after = read(record.bytes, after)
    if kind ~= TEXT or #json > MAX_VALUE then error('no value') end
    seen[name], texts[#texts + 1], texts[#texts + 2] = true, name, json
    attributes[i] = {name = name, json = json, bytes = record.bytes:sub(from, after - 1)}
  end
  record.slices[element], record.at = record.bytes:sub(record.at, after - 1), after
  return attributes
end

local function bytes_of(attributes)
  local sum = 0
  for _, attribute in ipairs(attributes) do sum = sum + #attribute.name + #attribute.json end
  return sum
end

local function cut_live(record, count)
  local values = record.values
  if count < ATTRIBUTES then error('too short') end
  cut_scalars(record, GENERATION, LEVEL, INTEGER)
  if values[GENERATION] < 1 or values[EXPIRES] < values[CREATED] or values[LEVEL] > 3 then error('out of range') end
  cut_scalars(record, PRINCIPAL, PRINCIPAL, TEXT)
  if #values[PRINCIPAL] > MAX_PRINCIPAL or not is_plain(values[PRINCIPAL]) then error('no principal') end
  cut_list(record, ROLES)
  cut_list(record, SCOPES)
  cut_list(record, DEVICE, 2)
  record.attributes, record.protected = cut_attributes(record, ATTRIBUTES, MAX_ATTRIBUTES), {}
  if count < PROTECTED then return count end
  record.protected = cut_attributes(record, PROTECTED, MAX_PROTECTED)
  if bytes_of(record.protected) > MAX_PROTECTED_BYTES then error('too long') end
  return PROTECTED
end

local function cut_superseded(record)
  cut_scalars(record, GENERATION, GENERATION, TEXT)
  record.successor = record.values[GENERATION]
  if #record.successor ~= ID_LENGTH or record.successor:find('[^A-Za-z0-9_-]') then error('no session id') end
  return GENERATION
end

-- Accepts what decode_record() accepts (record_decode.cpp), and nothing else.
local function cut_record(bytes, id)
  if #bytes > MAX_RECORD then error('too long') end
  local record = {bytes = bytes, values = {}, slices = {}, texts = {}}
  local kind, count, at = read(bytes, 1)
  if kind ~= ARRAY or count < GENERATION then error('no record') end
  record.header, record.at = bytes:sub(1, at - 1), at
  cut_scalars(record, VERSION, KIND, INTEGER)
  cut_scalars(record, GUARD, GUARD, TEXT)
  local values = record.values
  if values[VERSION] ~= 1 or values[KIND] > 1 or values[GUARD] ~= id:sub(-GUARD_LENGTH) then error('not this record') end
  local known = values[KIND] == 1 and cut_superseded(record) or cut_live(record, count)
  local rest = record.at
  for _ = known + 1, count do record.at = skip(bytes, record.at, 1, record.texts) end
  if record.at ~= #bytes + 1 then error('more than a record') end
  if not is_utf8(table.concat(record.texts, ' ')) then error('not UTF-8') end
  record.rest = bytes:sub(rest)
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

-- In `attributes`, which are either list of a record's.
local function find_attribute(attributes, name)
  for i, attribute in ipairs(attributes) do
    if attribute.name == name then return i, attribute end
  end
end

local function set_attribute(attributes, name, json)
  local i = find_attribute(attributes, name) or #attributes + 1
  attributes[i] = {name = name, json = json, bytes = cmsgpack.pack(name, json)}
end

local function join_list(attributes)
  local count = #attributes
  local parts = {count < 16 and string.char(0x80 + count) or string.char(0xde, math.floor(count / 256), count % 256)}
  for i, attribute in ipairs(attributes) do parts[i + 1] = attribute.bytes end
  return table.concat(parts)
end

local function join_attributes(record)
  record.slices[ATTRIBUTES] = join_list(record.attributes)
end

-- A record that has no such element gets one when there is something to keep in it.
local function join_protected(record)
  if not record.slices[PROTECTED] then
    if #record.protected == 0 then return end
    record.header = string.char(0x90 + PROTECTED)
  end
  record.slices[PROTECTED] = join_list(record.protected)
end

-- The record, joined, a generation later. Otherwise nil and the reply to give.
local function next_record(record)
  if record.values[GENERATION] >= MAX_INTEGER then return nil, {CORRUPT_RECORD} end
  if #record.attributes > MAX_ATTRIBUTES then return nil, {TOO_LARGE, 'a session holds at most 256 attributes'} end
  if #record.protected > MAX_PROTECTED then return nil, {TOO_LARGE, 'a session holds at most 32 protected attributes'} end
  if bytes_of(record.protected) > MAX_PROTECTED_BYTES then
    return nil, {TOO_LARGE, 'the protected attributes of a session are at most 64 KiB'}
  end
  set_number(record, GENERATION, record.values[GENERATION] + 1)
  local bytes = join(record)
  if #bytes > MAX_RECORD then return nil, {TOO_LARGE, 'a session record is at most 256 KiB'} end
  return bytes
end

