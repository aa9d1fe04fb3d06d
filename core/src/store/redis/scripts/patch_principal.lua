-- Changes a chunk of a principal's live sessions. A session that the patch would leave as it is, is not written.
--
-- KEYS  index of the principal; its sessions lie in the same slot. The sessions of the chunk, if they are not those that the
--       index has there: at most STEP
-- ARGV  where the chunk begins: a score as ZRANGE reads it; then the patch as apply_patch() reads it
-- Reply {0, live sessions in the chunk, sessions changed, where the next chunk begins or '', error or 0, its text,
-- evicted_keys()}
--
-- A chunk ends between two scores: a rotation keeps a session's score, so no session slips past by being rotated.

local STEP = 40 -- sessions; a millisecond or so

local index = KEYS[1]
local siblings = index:sub(1, index:find('@', 1, true) - 1) .. ':'

local function chunk()
  if #KEYS > 1 then
    local given = {}
    for i = 2, #KEYS do given[i - 1] = id_of(KEYS[i]) end
    return given, ''
  end
  local found = redis.call('ZRANGE', index, ARGV[1], '+inf', 'BYSCORE', 'LIMIT', 0, STEP, 'WITHSCORES')
  local ids, seen = {}, {}
  for i = 1, #found, 2 do
    ids[#ids + 1] = found[i]
    seen[found[i]] = true
  end
  if #ids < STEP then return ids, '' end
  local last = found[#found]
  for _, id in ipairs(redis.call('ZRANGE', index, last, last, 'BYSCORE')) do
    if not seen[id] then ids[#ids + 1] = id end
  end
  return ids, '(' .. last
end

local live, changed, failure = 0, 0, {DONE, ''}
local ids, next_chunk = chunk()
local time = now()
for _, id in ipairs(ids) do
  local before = redis.call('GET', siblings .. id)
  local record, reply = live_record(before, id)
  local bytes
  if record and is_live(record, time) then
    live = live + 1
    bytes, reply = apply_patch(record, 2, before)
    if bytes and bytes ~= before then
      redis.call('SET', siblings .. id, bytes, 'KEEPTTL')
      changed = changed + 1
    end
  end
  if reply and reply[1] > DONE and reply[1] ~= SESSION_GONE then failure = reply end
end
return {DONE, live, changed, next_chunk, failure[1], failure[2] or '', evicted_keys()}
