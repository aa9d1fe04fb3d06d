-- A principal's index, and what a script asks before it relies on one or writes.

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

local function index_of(record, session)
  return session:sub(1, session:find('}', 1, true)) .. '@' .. record.values[PRINCIPAL]
end

-- Lets a session's place in its principal's index follow a later absolute deadline. It never moves forward: one that did
-- could slip past a walk through the index (patch_principal.lua).
local function raise_in_index(record, session, time)
  if record.values[PRINCIPAL] == '' then return end
  local index = index_of(record, session)
  local score, listed = record.values[EXPIRES] + time.fraction, redis.call('ZSCORE', index, id_of(session))
  if not listed or tonumber(listed) < score then add_to_index(index, id_of(session), score) end
end

-- Puts a live session that its principal's index lacks (a server may have evicted it) back there. One that is gone stays out.
local function relist(session, index, time)
  local id = id_of(session)
  if redis.call('ZSCORE', index, id) then return end
  local record = live_record(redis.call('GET', session), id)
  if not record or not is_live(record, time) then return end
  if record.values[PRINCIPAL] == '' or index_of(record, session) ~= index then return end
  add_to_index(index, id, record.values[EXPIRES] + time.fraction)
end

-- How many keys the server has evicted since it started, -1 if it does not say. Unless it is 0, an index may lack members.
local function evicted_keys()
  local info = redis.pcall('INFO', 'stats')
  return type(info) == 'string' and tonumber(info:match('\nevicted_keys:(%d+)')) or -1
end

-- What a command needs behind its key: Redis 8 asks for as many arguments as the command takes.
local FURTHER = {
  SET = {''}, UNLINK = {}, PEXPIREAT = {'0'}, ZADD = {'0', ''}, ZREM = {''}, ZSCORE = {''}, ZCARD = {},
}

-- The reply to give if the user may not run one of `commands` on `key`. To be asked before the first write: Redis stops a
-- script at what it refuses, and keeps what was written until then.
local function denied(key, commands)
  for _, command in ipairs(commands) do
    if not redis.acl_check_cmd(command, key, unpack(FURTHER[command])) then
      return redis.error_reply("NOPERM the user may not run '" .. command .. "' on a key of its sessions")
    end
  end
end
