-- Deletes a chunk of a principal's sessions.
--
-- KEYS  index of the principal; its sessions lie in the same slot. The sessions to delete, if they are not those that the
--       index begins with: at most STEP
-- ARGV  the id of the session to keep, or ''
-- Reply {0, sessions deleted, index members that remain to be deleted, evicted_keys()}

local STEP = 250 -- sessions; a millisecond or so

local index = KEYS[1]
local siblings = index:sub(1, index:find('@', 1, true) - 1) .. ':'

local no_right = denied(siblings, {'UNLINK'}) or denied(index, {'ZREM', 'ZCARD', 'ZSCORE'})
if no_right then return no_right end

-- A kept session that is rotated meanwhile is kept under its new id.
local kept = ARGV[1]
if kept ~= '' then
  local _, reply = live_record(redis.call('GET', siblings .. kept), kept)
  if reply and reply[1] == SUPERSEDED then kept = reply[2] end
end

local function chunk()
  if #KEYS == 1 then return redis.call('ZRANGE', index, 0, STEP - 1) end
  local ids = {}
  for i = 2, #KEYS do ids[i - 1] = id_of(KEYS[i]) end
  return ids
end

local ids, deleted = {}, 0
for _, id in ipairs(chunk()) do
  if id ~= kept then
    ids[#ids + 1] = id
    deleted = deleted + redis.call('UNLINK', siblings .. id)
  end
end
if #ids > 0 then redis.call('ZREM', index, unpack(ids)) end
local keeping = kept ~= '' and redis.call('ZSCORE', index, kept) and 1 or 0
return {DONE, deleted, redis.call('ZCARD', index) - keeping, evicted_keys()}
