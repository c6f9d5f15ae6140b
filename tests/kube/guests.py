"""WASI commands in WebAssembly's text form, which our compiler takes as well: one for each behaviour."""

IMPORTS = {
    "fd_write": "(param i32 i32 i32 i32) (result i32)",
    "fd_read": "(param i32 i32 i32 i32) (result i32)",
    "proc_exit": "(param i32)",
    "environ_sizes_get": "(param i32 i32) (result i32)",
    "environ_get": "(param i32 i32) (result i32)",
    "args_sizes_get": "(param i32 i32) (result i32)",
    "args_get": "(param i32 i32) (result i32)",
    "random_get": "(param i32 i32) (result i32)",
    "path_open": "(param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)",
}


def command(body, *imports, data=""):
    """A command whose `_start` is `body`. `data` lies at 1024."""
    lines = [f'(import "wasi_snapshot_preview1" "{name}" (func ${name} {IMPORTS[name]}))' for name in imports]
    lines += ['(memory (export "memory") 2)', f'(data (i32.const 1024) "{data}")',
              # Writes `size` bytes from `at` to `fd`.
              '(func $say (param $fd i32) (param $at i32) (param $size i32)'
              ' (i32.store (i32.const 0) (local.get $at)) (i32.store (i32.const 4) (local.get $size))'
              ' (drop (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8))))'
              if "fd_write" in imports else "",
              f'(func (export "_start") {body})']
    return ("(module " + "\n".join(lines) + ")").encode()


# Copies what it reads from `fd` to standard output until that ends.
COPY = """(local $got i32)
  (block $end (loop $more
    (i32.store (i32.const 16) (i32.const 4096)) (i32.store (i32.const 20) (i32.const 4096))
    (br_if $end (call $fd_read {fd} (i32.const 16) (i32.const 1) (i32.const 24)))
    (br_if $end (i32.eqz (local.tee $got (i32.load (i32.const 24)))))
    (call $say (i32.const 1) (i32.const 4096) (local.get $got))
    (br $more)))"""

# Opens the file named at 1024 in the directory `fd`, or what the link of that name leads to; `flags` 1 makes it. Its
# number is at 32.
OPEN = """(call $path_open (i32.const {fd}) (i32.const 1) (i32.const 1024) (i32.const {size}) (i32.const {flags})
  (i64.const {rights}) (i64.const {rights}) (i32.const 0) (i32.const 32))"""
READ, WRITE = 2, 64

# Prints one character: 'A' and the error number, so 'A' is success.
SHOW_ERROR = """(i32.store8 (i32.const 40) (i32.add (i32.const 65) {error}))
  (call $say (i32.const 1) (i32.const 40) (i32.const 1))"""


def reading(fd, name):
    body = "(drop " + OPEN.format(fd=fd, size=len(name), flags=0, rights=READ) + ")"
    # A local has to be declared first.
    copy = COPY.format(fd="(i32.load (i32.const 32))")
    declared, rest = copy.split("\n", 1)
    return command(declared + body + rest, "fd_write", "fd_read", "path_open", data=name)


def making(fd, name):
    error = OPEN.format(fd=fd, size=len(name), flags=1, rights=WRITE)
    return command(SHOW_ERROR.format(error=error), "fd_write", "path_open", data=name)


def printing(what):
    """Prints its variables ("environ") or arguments ("args"), each ended by a zero byte."""
    return command(f"(drop (call ${what}_sizes_get (i32.const 16) (i32.const 20)))"
                   f"(drop (call ${what}_get (i32.const 2048) (i32.const 8192)))"
                   "(call $say (i32.const 1) (i32.const 8192) (i32.load (i32.const 20)))",
                   "fd_write", f"{what}_sizes_get", f"{what}_get")


FILES = {
    "hello.wasm": command("(call $say (i32.const 1) (i32.const 1024) (i32.const 6))"
                          "(call $say (i32.const 2) (i32.const 1030) (i32.const 7))",
                          "fd_write", data="hello\\nbehind\\n"),
    "exit7.wasm": command("(call $proc_exit (i32.const 7))", "proc_exit"),
    "spin.wasm": command("(loop $more (br $more))"),
    "trap.wasm": command("unreachable"),
    # Sixteen bytes, each as a letter.
    "random.wasm": command("(local $at i32) (drop (call $random_get (i32.const 4096) (i32.const 16)))"
                           "(loop $more (i32.store8 (i32.add (i32.const 4096) (local.get $at))"
                           " (i32.add (i32.const 65) (i32.and (i32.const 15)"
                           " (i32.load8_u (i32.add (i32.const 4096) (local.get $at))))))"
                           " (local.set $at (i32.add (local.get $at) (i32.const 1)))"
                           " (br_if $more (i32.lt_u (local.get $at) (i32.const 16))))"
                           "(call $say (i32.const 1) (i32.const 4096) (i32.const 16))", "fd_write", "random_get"),
    "cat.wasm": command(COPY.format(fd="(i32.const 0)"), "fd_write", "fd_read"),
    "env.wasm": printing("environ"),
    "args.wasm": printing("args"),
    # The root is the first directory, what is mounted comes behind it.
    "read-root.wasm": reading(3, "www/index.html"),
    "read-mount.wasm": reading(4, "key"),
    "make-in-root.wasm": making(3, "made"),
    "make-in-mount.wasm": making(4, "made"),
    "http.wasm": b"(module (func (export \"add\") (result i32) (i32.const 1)))",
    "broken.wasm": b"\0asm\1\0\0\0\xff\xff\xff\xff",
    "text.wasm": b"#!/bin/sh\necho no\n",
}
