-- Changes one live session in one step. Its deadline stays.
--
-- KEYS  session
-- ARGV  expected generation or '', then the patch as apply_patch() reads it
-- Reply {0, new generation}, {SUPERSEDED, successor's id}, or an error

local session = KEYS[1]
local record, failure = live_record(redis.call('GET', session), id_of(session))
if not record then return failure end
if not is_live(record, now()) then return {SESSION_GONE} end
if redis.call('PTTL', session) == -1 then return {CORRUPT_RECORD} end
if ARGV[1] ~= '' and tonumber(ARGV[1]) ~= record.values[GENERATION] then return {CONFLICT} end

local bytes, refused = apply_patch(record, 2)
if not bytes then return refused end
redis.call('SET', session, bytes, 'KEEPTTL')
return {DONE, record.values[GENERATION]}
