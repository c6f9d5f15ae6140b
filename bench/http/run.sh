#!/usr/bin/env bash
# Measures hello_server on one core with wrk on another: requests/s at 1, 64 and 512 connections, and
# the server's CPU time per request. Then 64 connections again beside 10,000 idle ones.
#
#   bench/http/run.sh build/release/bin/hello_server [seconds]
set -eu
server=$1
seconds=${2:-5}
address=127.0.0.1:18090
ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -Hn)"

taskset -c 0 "$server" "$address" &
pid=$!
idle=
trap 'kill $pid $idle 2>/dev/null || true' EXIT
until curl -s -o /dev/null "http://$address/"; do kill -0 $pid; done

ticks() { cut -d' ' -f14,15 "/proc/$pid/stat"; }
measure() {
  local user system
  read -r user system <<<"$(ticks)"
  out=$(taskset -c 1 wrk -t1 -c"$1" -d"${seconds}s" --latency "http://$address/")
  # Columns: user and system clock ticks before and after; 100 ticks are a second.
  echo "$out" | awk -v n="$2" -v u0="$user" -v s0="$system" -v now="$(ticks)" '
    /Requests\/sec/ { rps = $2 } /requests in/ { count = $1 } /99%/ { p99 = $2 }
    /Socket errors/ { errors = $0 }
    END { split(now, t, " ")
          printf "%-28s %9.0f requests/s  p99 %-8s user %.2f us  system %.2f us per request %s\n",
                 n, rps, p99, (t[1] - u0) * 1e4 / count, (t[2] - s0) * 1e4 / count, errors }'
}

for connections in 1 64 512; do measure $connections "$connections connections"; done

python3 - "$address" <<'PY' &
import socket, sys, signal
host, port = sys.argv[1].split(":")
held = [socket.create_connection((host, int(port))) for _ in range(10000)]
for s in held:
    s.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
print("10000 idle connections held", flush=True)
signal.pause()
PY
idle=$!
while [ "$(find /proc/$pid/fd | wc -l)" -lt 10000 ]; do kill -0 $idle; sleep 0.2; done
awk '/VmRSS/ { print "resident with 10,000 idle connections:", $2, $3 }' /proc/$pid/status
measure 64 "64 beside 10,000 idle"
