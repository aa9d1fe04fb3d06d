-- Moves a live session under a new id. With a replacement it is a re-authentication: deadlines, authentication time, level,
-- roles, scopes and device are the replacement's, and its attributes, protected ones too, are set on top of the session's own.
--
-- KEYS  old session, new session, index of the principal (left alone for an anonymous session)
-- ARGV  what stays under the old id and for how many milliseconds: a superseded record, or '' and 0;
--       replacement: a record, its times relative to now, or ''; '1' if the principal proves itself now
-- Reply {0, record, deadline in Unix milliseconds}, {SUPERSEDED, successor's id}, {CONFLICT} if the new key exists, or an
-- error

local old, new, index = KEYS[1], KEYS[2], KEYS[3]
local record, failure = live_record(redis.call('GET', old), id_of(old))
if not record then return failure end
local time = now()
if not is_live(record, time) then return {SESSION_GONE} end
local deadline = redis.call('PEXPIRETIME', old)
if deadline == -1 then return {CORRUPT_RECORD} end
local indexed = record.values[PRINCIPAL] ~= ''
if indexed and index:sub(index:find('@', 1, true) + 1) ~= record.values[PRINCIPAL] then
  return {INVALID_ARGUMENT, 'the session belongs to another principal'}
end

local no_right = denied(new, {'SET'}) or denied(old, {ARGV[1] == '' and 'UNLINK' or 'SET'}) or
  indexed and denied(index, {'ZADD', 'ZREM', 'PEXPIREAT'})
if no_right then return no_right end

local score = indexed and tonumber(redis.call('ZSCORE', index, id_of(old)) or record.values[EXPIRES])
if ARGV[3] ~= '' then
  local replacement = cut_record(ARGV[3], id_of(new))
  for _, element in ipairs({IDLE, AUTHENTICATED, LEVEL, ROLES, SCOPES, DEVICE}) do
    record.values[element], record.slices[element] = replacement.values[element], replacement.slices[element]
  end
  set_number(record, EXPIRES, time.seconds + replacement.values[EXPIRES])
  if ARGV[4] == '1' then set_number(record, AUTHENTICATED, time.seconds) end
  for _, attribute in ipairs(replacement.attributes) do set_attribute(record.attributes, attribute.name, attribute.json) end
  for _, attribute in ipairs(replacement.protected) do set_attribute(record.protected, attribute.name, attribute.json) end
  join_attributes(record)
  join_protected(record)
  deadline, score = deadline_ms(record, time), record.values[EXPIRES] + time.fraction
end
record.slices[GUARD] = cmsgpack.pack(id_of(new):sub(-GUARD_LENGTH))

local bytes, refused = next_record(record)
if not bytes then return refused end
deadline = string.format('%.0f', deadline)
if not redis.call('SET', new, bytes, 'PXAT', deadline, 'NX') then return {CONFLICT} end
if indexed then
  add_to_index(index, id_of(new), score)
  redis.call('ZREM', index, id_of(old))
end
if ARGV[1] == '' then
  redis.call('UNLINK', old)
else
  local grace_end = math.min(time.ms + tonumber(ARGV[2]), tonumber(deadline))
  redis.call('SET', old, ARGV[1], 'PXAT', string.format('%.0f', grace_end))
end
return {DONE, bytes, deadline}
