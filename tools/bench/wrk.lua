-- Makes wrk send the bytes of a file over and over, SIZE bytes in each write, and print what it saw as
-- one line of JSON.
--   wrk ... -s wrk.lua URL -- FILE SIZE
-- A write may hold several requests: wrk counts them and waits for as many responses.

local writes = {}
local last = 0

function init(args)
   local file = assert(io.open(args[1], "rb"))
   local data = file:read("*a")
   file:close()
   local size = tonumber(args[2])
   for start = 1, #data, size do
      writes[#writes + 1] = data:sub(start, start + size - 1)
   end
end

function request()
   last = last % #writes + 1
   return writes[last]
end

function done(summary, latency, requests)
   local e = summary.errors
   io.write(string.format(
      '{"requests": %d, "seconds": %.6f, "p50_us": %d, "p99_us": %d, "errors": %d}\n',
      summary.requests, summary.duration / 1e6,
      latency:percentile(50), latency:percentile(99),
      e.connect + e.read + e.write + e.status + e.timeout))
end
