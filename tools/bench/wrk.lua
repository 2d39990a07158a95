-- Makes wrk send the bytes of a file over and over, and print what it saw as one line of JSON.
--   wrk ... -s wrk.lua URL -- FILE
-- The file may hold several requests: wrk counts them and waits for as many responses.

local data

function init(args)
   local file = assert(io.open(args[1], "rb"))
   data = file:read("*a")
   file:close()
end

function request()
   return data
end

function done(summary, latency, requests)
   local e = summary.errors
   io.write(string.format(
      '{"requests": %d, "seconds": %.6f, "p50_us": %d, "p99_us": %d, "errors": %d}\n',
      summary.requests, summary.duration / 1e6,
      latency:percentile(50), latency:percentile(99),
      e.connect + e.read + e.write + e.status + e.timeout))
end
