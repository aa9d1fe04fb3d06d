-- For tests: makes the login of all live sessions of ARGV[1] older by ARGV[2] seconds, as if the time had passed.
--   redis-cli -p PORT --eval age_logins.lua , alice 600
local aged = 0
for _, key in ipairs(redis.call('KEYS', 'ficha:{*}:*')) do
  local record = cmsgpack.unpack(redis.call('GET', key))
  if record[2] == 0 and record[8] > 0 and record[10] == ARGV[1] then
    record[8] = record[8] - tonumber(ARGV[2])
    redis.call('SET', key, cmsgpack.pack(record), 'KEEPTTL')
    aged = aged + 1
  end
end
return aged
