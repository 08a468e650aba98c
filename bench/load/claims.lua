-- The claims of wrk: each by another user, over the coupons in turn.
-- wrk ... -s claims.lua URL -- USER_PREFIX COUPON_PREFIX COUPONS [count-statuses]

local n = -1
local coupons
local template

function init(args)
  local body = '{"user_id":"' .. args[1] .. 'UUUUUUUU","coupon_name":"' .. args[2] .. 'CCCCC"}'
  local headers = { ['Content-Type'] = 'application/json' }
  template = wrk.format('POST', '/api/coupons/claim', headers, body)
  template = template:gsub('UUUUUUUU', '%%08d'):gsub('CCCCC', '%%05d')
  coupons = tonumber(args[3])
  if args[4] == 'count-statuses' then
    statuses = {}
    function response(status)
      statuses[status] = (statuses[status] or 0) + 1
    end
  end
end

function request()
  n = n + 1
  return template:format(n, n % coupons)
end

-- This run has one thread.
local thread
function setup(first)
  thread = first
end

function done(summary, latency)
  local errors = summary.errors
  local statuses = {}
  for status, count in pairs(thread:get('statuses') or {}) do
    statuses[#statuses + 1] = string.format('"%d":%d', status, count)
  end
  print(string.format('{"refusals":%d,"networkErrors":%d,"statuses":{%s},', errors.status,
    errors.connect + errors.read + errors.write + errors.timeout, table.concat(statuses, ',')))
  print(string.format('"figures":{"answers":%d,"seconds":%f,"p50Ms":%f,"p99Ms":%f,"p999Ms":%f}}', summary.requests,
    summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency:percentile(99.9) / 1e3))
end
