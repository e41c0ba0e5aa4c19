-- Each request asks for another URL.
local count = 0
function request()
  count = count + 1
  return wrk.format(nil, wrk.path .. "?" .. count .. os.clock())
end
