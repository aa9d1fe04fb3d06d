-- A principal's index.

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
