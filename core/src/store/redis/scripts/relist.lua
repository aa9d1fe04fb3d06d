-- Enters a live session in its principal's index, if it is missing there. A script, so that one that is being revoked is not
-- entered after it has left.
--
-- KEYS  session, index of its principal
-- Reply {0}

if redis.call('ZSCORE', KEYS[2], id_of(KEYS[1])) then return {DONE} end
local no_right = denied(KEYS[2], {'ZADD', 'PEXPIREAT'})
if no_right then return no_right end
relist(KEYS[1], KEYS[2], now())
return {DONE}
