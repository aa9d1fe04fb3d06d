-- Writes a session, if its key is free, and enters it in its principal's index, within the session limit.
--
-- KEYS  session, index of its principal (left alone for an anonymous session), and sessions to enter in the index first
-- ARGV  record, its times relative to now; '1' if the principal proves itself now;
--       most sessions of the principal (0 = no limit); 'evict' the oldest beyond it, or 'refuse';
--       'index' if the index is all that the limit goes by, 'walk' if KEYS holds some of the sessions that a walk found,
--       'walked' if it holds the last of them
-- Reply {0, record, deadline in Unix milliseconds}, {AGAIN} if the index needs more tidying than one step may take, {WALK}
-- if it may lack members (nothing has been created then), {SESSION_LIMIT}, {CONFLICT} if the key exists

local AGAIN, WALK = -2, -3
local STEP = 250 -- index members looked at in one step

local session, index = KEYS[1], KEYS[2]
local id, siblings = id_of(session), session:sub(1, -ID_LENGTH - 1)
local limit, evicting = tonumber(ARGV[3]), ARGV[4] == 'evict'

local function evict(ids)
  for i = 1, #ids do redis.call('UNLINK', siblings .. ids[i]) end
  if #ids > 0 then redis.call('ZREM', index, unpack(ids)) end
end

-- Those of the oldest index members that are still there, and whether there are more. The others leave the index.
local function oldest_live()
  local members = redis.call('ZRANGE', index, 0, limit + STEP - 1)
  local live, dead = {}, {}
  for i = 1, #members do
    local ids = redis.call('EXISTS', siblings .. members[i]) == 1 and live or dead
    ids[#ids + 1] = members[i]
  end
  for i = 1, #dead, STEP do redis.call('ZREM', index, unpack(dead, i, math.min(i + STEP - 1, #dead))) end
  return live, #members == limit + STEP
end

-- How many of `live` go, so that `limit` remain when `coming` more have been added.
local function oldest(live, coming)
  return {unpack(live, 1, math.max(0, #live + coming - limit))}
end

local record = cut_record(ARGV[1], id)
local time = now()
set_number(record, CREATED, time.seconds)
set_number(record, EXPIRES, time.seconds + record.values[EXPIRES])
if ARGV[2] == '1' then set_number(record, AUTHENTICATED, time.seconds) end
local indexed = record.values[PRINCIPAL] ~= ''

local no_right = denied(session, {'SET', 'UNLINK'}) or indexed and denied(index, {'ZADD', 'ZREM', 'PEXPIREAT'})
if no_right then return no_right end

local surplus = {}
if indexed then
  if limit > 0 and ARGV[5] == 'index' and evicted_keys() ~= 0 then return {WALK} end
  for i = 3, #KEYS do relist(KEYS[i], index, time) end
  if ARGV[5] == 'walk' then return {AGAIN} end
  drop_expired(index, time)
  if limit > 0 and redis.call('ZCARD', index) >= limit then
    local live, more = oldest_live()
    if not evicting and #live >= limit then return {SESSION_LIMIT} end
    if more then
      evict(oldest(live, 0))
      return {AGAIN}
    end
    surplus = oldest(live, 1)
  end
end

local bytes, deadline = join(record), string.format('%.0f', deadline_ms(record, time))
if not redis.call('SET', session, bytes, 'PXAT', deadline, 'NX') then return {CONFLICT} end
if indexed then
  add_to_index(index, id, record.values[EXPIRES] + time.fraction)
  evict(surplus)
end
return {DONE, bytes, deadline}
