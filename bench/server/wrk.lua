-- Prints one line that bench/lib.py reads, and pauses between requests when PAUSE_MS says so.
local pause = tonumber(os.getenv("PAUSE_MS") or "0")

if pause > 0 then
  -- Not a constant: connections that began together would go on in step.
  delay = function() return math.random(0, math.floor(2 * pause)) end
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format(
    'RESULT {"per_second": %.2f, "p50": %.4f, "p99": %.4f, "requests": %d, "failed": %d}\n',
    summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3, summary.requests, failed))
end
