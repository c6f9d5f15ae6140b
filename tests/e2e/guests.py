"""Small guests in WebAssembly text, each with one habit; the compiler takes text as it takes binaries."""


def web_module(body, more="", pages=2):
    """A bare module that answers every request with what `body` leaves: address << 32 | length."""
    return f"""(module
  (memory (export "memory") {pages})
  (func (export "strata_alloc") (param $size i32) (result i32) (i32.const 65536))
  (global (export "strata_text") i32 (i32.const 1))
  {more}
  (func (export "strata_handle") (param i32 i32) (result i64)
    {body}))
"""


# One byte of memory, "@", that grows by one a call: the first answers "A", the second "B".
COUNTER = web_module(
    """(i32.store8 (i32.const 0) (i32.add (i32.load8_u (i32.const 0)) (i32.const 1)))
    (i64.const 1)""",
    '(data (i32.const 0) "@")')

INFINITE_LOOP = web_module("(loop $again (br $again)) (unreachable)")
UNREACHABLE = web_module("(unreachable)")
DEEP_RECURSION = web_module("(call $deeper (i64.const 0))",
                            """(func $deeper (param $n i64) (result i64)
    (i64.add (i64.const 1) (call $deeper (i64.add (local.get $n) (i64.const 1)))))""")
# Grows until it is refused, and then uses memory that it did not get.
MEMORY_BOMB = web_module(
    """(loop $again (br_if $again (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
    (i32.store (i32.const 0x7ffffff0) (i32.const 1))
    (i64.const 0)""")
# Asks for more forever, whatever the answer.
GROW_LOOP = web_module("(loop $again (drop (memory.grow (i32.const 1))) (br $again)) (unreachable)")
# One byte more than the default limit of a response allows is enough; this is 8 MiB.
HUGE_RESPONSE = web_module("(i64.const 0x0000000000800000)", pages=130)
# An address and a length that point out of memory.
WILD_RESPONSE = web_module("(i64.const 0x7fffffff7fffffff)")
DECLARES_1_GB = web_module("(i64.const 0)", pages=16384)
IMPORTS_UNKNOWN = """(module
  (import "env" "launch" (func $launch))
  (memory (export "memory") 1)
  (func (export "strata_alloc") (param i32) (result i32) (i32.const 0))
  (func (export "strata_handle") (param i32 i32) (result i64) (call $launch) (i64.const 0)))
"""

# A WASI command that opens a file in its first granted directory and works on it at address 256.
FILE_COMMAND = """(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "%(name)s")
  (func (export "_start")
    (if (call $path_open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const %(length)d)
                         (i32.const %(oflags)d) (i64.const %(rights)d) (i64.const 0) (i32.const 0) (i32.const 64))
      (then (call $proc_exit (i32.const 7))))
    (i32.store (i32.const 72) (i32.const 256))
    (i32.store (i32.const 76) (i32.const 256))
    %(work)s))
"""
RIGHT_READ, RIGHT_WRITE, CREATE = 2, 64, 1
READ = """(drop (call $fd_read (i32.load (i32.const 64)) (i32.const 72) (i32.const 1) (i32.const 80)))
    (i32.store (i32.const 76) (i32.load (i32.const 80)))
    (drop (call $fd_write (i32.const 1) (i32.const 72) (i32.const 1) (i32.const 84)))"""
WRITE = """(i32.store (i32.const 76) (i32.const 4))
    (if (call $fd_write (i32.load (i32.const 64)) (i32.const 72) (i32.const 1) (i32.const 84))
      (then (call $proc_exit (i32.const 8))))
    (i32.store (i32.const 256) (i32.const 0x0a6b6f))
    (i32.store (i32.const 76) (i32.const 3))
    (drop (call $fd_write (i32.const 1) (i32.const 72) (i32.const 1) (i32.const 84)))"""

# What the last write ends with is the answer: the number of WASI's error, as a character.
FILL = """(i32.store (i32.const 76) (i32.const 32768))
    (loop $more
      (i32.store8 (i32.const 96)
        (call $fd_write (i32.load (i32.const 64)) (i32.const 72) (i32.const 1) (i32.const 84)))
      (br_if $more (i32.eqz (i32.load8_u (i32.const 96)))))
    (i32.store (i32.const 72) (i32.const 96))
    (i32.store (i32.const 76) (i32.const 1))
    (drop (call $fd_write (i32.const 1) (i32.const 72) (i32.const 1) (i32.const 84)))"""
ENOSPC = chr(51)


def reads_file(name):
    """A WASI command that answers with the start of a file below its first directory."""
    return FILE_COMMAND % {"name": name, "length": len(name), "oflags": 0, "rights": RIGHT_READ, "work": READ}


def writes_file(name):
    """A WASI command that makes a file below its first directory and answers "ok"."""
    return FILE_COMMAND % {"name": name, "length": len(name), "oflags": CREATE, "rights": RIGHT_WRITE,
                        "work": WRITE}


def fills_file(name):
    """A WASI command that writes to a file below its first directory until it may not, and answers why."""
    return FILE_COMMAND % {"name": name, "length": len(name), "oflags": CREATE, "rights": RIGHT_WRITE, "work": FILL}


# A WASI command that writes "out" as its answer and "err" to its log.
PRINTS = """(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "answer\\0aa line of the log\\0a")
  (func (export "_start")
    (i32.store (i32.const 64) (i32.const 0)) (i32.store (i32.const 68) (i32.const 7))
    (drop (call $fd_write (i32.const 1) (i32.const 64) (i32.const 1) (i32.const 80)))
    (i32.store (i32.const 64) (i32.const 7)) (i32.store (i32.const 68) (i32.const 18))
    (drop (call $fd_write (i32.const 2) (i32.const 64) (i32.const 1) (i32.const 80)))))
"""


# A WASI command that answers with a problem of the platform's form, and with another of its fields.
REFUSES_AS_THE_PLATFORM = """(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "Status: 404 Not Found\\0d\\0aContent-Type: application/problem+json\\0d\\0a\\0d\\0a"
    "{\\22code\\22:\\22NOT_FOUND\\22,\\22detail\\22:\\22mine\\22}")
  (func (export "_start")
    (i32.store (i32.const 512) (i32.const 0)) (i32.store (i32.const 516) (i32.const 101))
    (drop (call $fd_write (i32.const 1) (i32.const 512) (i32.const 1) (i32.const 520)))))
"""


# A WASI command that finds nothing, whatever it is asked.
FINDS_NOTHING = """(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "Status: 404 Not Found\\0d\\0a\\0d\\0a")
  (func (export "_start")
    (i32.store (i32.const 64) (i32.const 0)) (i32.store (i32.const 68) (i32.const 25))
    (drop (call $fd_write (i32.const 1) (i32.const 64) (i32.const 1) (i32.const 80)))))
"""


def sleeps(milliseconds):
    """A WASI command that waits for so long, and answers "slept"."""
    return f"""(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "slept")
  (func (export "_start")
    (i32.store (i32.const 80) (i32.const 1))  ;; the monotonic clock
    (i64.store (i32.const 88) (i64.const {milliseconds * 1_000_000}))
    (drop (call $poll_oneoff (i32.const 64) (i32.const 128) (i32.const 1) (i32.const 192)))
    (i32.store (i32.const 200) (i32.const 0)) (i32.store (i32.const 204) (i32.const 5))
    (drop (call $fd_write (i32.const 1) (i32.const 200) (i32.const 1) (i32.const 208)))))
"""


# A WASI command that answers with its environment, which has its request's fields: a zero byte after each.
ENVIRONMENT = """(module
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (func (export "_start")
    (drop (call $sizes (i32.const 0) (i32.const 20)))
    (drop (call $environ_get (i32.const 1024) (i32.const 65536)))
    (i32.store (i32.const 16) (i32.const 65536))
    (drop (call $fd_write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24)))))
"""


# A WASI command that answers nothing and writes 64 lines of 1 KiB to its log.
LOUD = """(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start") (local $left i32)
    (memory.fill (i32.const 1024) (i32.const 120) (i32.const 1023))
    (i32.store8 (i32.const 2047) (i32.const 10))
    (i32.store (i32.const 64) (i32.const 1024)) (i32.store (i32.const 68) (i32.const 1024))
    (local.set $left (i32.const 64))
    (loop $again
      (drop (call $fd_write (i32.const 2) (i32.const 64) (i32.const 1) (i32.const 80)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $again (local.get $left)))))
"""


# A WASI command that answers with 64 KiB and more to come, and then fails.
BREAKS_OFF = """(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (func (export "_start")
    (memory.fill (i32.const 65536) (i32.const 120) (i32.const 65536))
    (i32.store (i32.const 0) (i32.const 65536)) (i32.store (i32.const 4) (i32.const 65536))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (unreachable)))
"""


# A WASI command that answers with its body, as far as it has come.
ECHOES = """(module
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 65536))
    (block $done
      (loop $more
        (i32.store (i32.const 4) (i32.const 4096))
        (br_if $done (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
        (br_if $done (i32.eqz (i32.load (i32.const 8))))
        (i32.store (i32.const 4) (i32.load (i32.const 8)))
        (br_if $done (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 12)))
        (br $more)))))
"""

# A WASI command that answers with its request's body, as it comes.
ECHO = """(module
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (loop $again
      (i32.store (i32.const 0) (i32.const 256))
      (i32.store (i32.const 4) (i32.const 16384))
      (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
      (if (i32.load (i32.const 8))
        (then
          (i32.store (i32.const 4) (i32.load (i32.const 8)))
          (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 12)))
          (br $again))))))
"""
