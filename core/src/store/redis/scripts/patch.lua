-- Changes one live session in one step. Its deadlines stay, unless it is given new lifetimes.
--
-- KEYS  session; a new absolute deadline is entered in its principal's index, which lies in the same slot
-- ARGV  expected generation or ''; new idle timeout and new absolute one, in seconds, each '' if it stays; then the patch
--       as apply_patch() reads it
-- Reply {0, new generation}, {SUPERSEDED, successor's id}, or an error

local session = KEYS[1]
local record, failure = live_record(redis.call('GET', session), id_of(session))
if not record then return failure end
local time = now()
if not is_live(record, time) then return {SESSION_GONE} end
if redis.call('PTTL', session) == -1 then return {CORRUPT_RECORD} end
if ARGV[1] ~= '' and tonumber(ARGV[1]) ~= record.values[GENERATION] then return {CONFLICT} end

local new_lifetime = ARGV[2] ~= '' or ARGV[3] ~= ''
if new_lifetime and record.values[PRINCIPAL] ~= '' then
  local no_right = denied(index_of(record, session), {'ZSCORE', 'ZADD', 'PEXPIREAT'})
  if no_right then return no_right end
end
if ARGV[2] ~= '' then set_number(record, IDLE, tonumber(ARGV[2])) end
if ARGV[3] ~= '' then set_number(record, EXPIRES, time.seconds + tonumber(ARGV[3])) end
local bytes, refused = apply_patch(record, 4)
if not bytes then return refused end
if not new_lifetime then
  redis.call('SET', session, bytes, 'KEEPTTL')
else
  redis.call('SET', session, bytes, 'PXAT', string.format('%.0f', deadline_ms(record, time)))
  raise_in_index(record, session, time)
end
return {DONE, record.values[GENERATION]}
