;; A WASI preview 1 command; the first letter of PATH_INFO's name says what it does.
;;   /e echoes stdin          /c answers with a CGI head      /p plain text on stdout, a line on stderr
;;   /v prints its variables  /x exits with 3                 /q exits with 3 after output
;;   /z sleeps 5 ms           /r reads /data/in.txt           /w writes /data/out.txt, prints the errno
;;   /a prints its arguments  /o opens /data/in.txt 4000 times
;;   /n writes 64 KiB of newlines to stderr
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get"
    (func $environ_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff"
    (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))

  ;; 0: one iovec and results. 64: texts. 1024: pointers to variables. 4096: variables. 65536: a buffer.
  (memory (export "memory") 3)
  (data (i32.const 64) "Status: 404 Not Found\0d\0aX-Test: yes\0d\0a\0d\0anothing here")
  (data (i32.const 256) "status: fine, no head\n")
  (data (i32.const 320) "to stderr\n")
  (data (i32.const 352) "in.txt")
  (data (i32.const 368) "out.txt")

  (func $put (param $fd i32) (param $at i32) (param $len i32)
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4) (local.get $len))
    (if (call $write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)) (then unreachable)))

  (func $copy (param $fd i32)
    (loop $more
      (i32.store (i32.const 0) (i32.const 65536))
      (i32.store (i32.const 4) (i32.const 65536))
      (if (call $read (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8))
        (then unreachable))
      (if (i32.load (i32.const 8))
        (then
          (call $put (i32.const 1) (i32.const 65536) (i32.load (i32.const 8)))
          (br $more)))))

  ;; Opens a name below the first directory; returns the errno, leaves the descriptor at 8.
  (func $open_file (param $at i32) (param $len i32) (param $flags i32) (param $rights i64)
    (result i32)
    (call $open (i32.const 3) (i32.const 0) (local.get $at) (local.get $len) (local.get $flags)
      (local.get $rights) (i64.const 0) (i32.const 0) (i32.const 8)))

  ;; The letter behind "PATH_INFO=/".
  (func $what (result i32)
    (local $at i32)
    (drop (call $environ_sizes (i32.const 16) (i32.const 20)))
    (drop (call $environ (i32.const 1024) (i32.const 4096)))
    (local.set $at (i32.const 4096))
    (loop $more
      (if (i64.eq (i64.load (local.get $at)) (i64.const 0x464e495f48544150)) ;; "PATH_INF"
        (then (return (i32.load8_u offset=11 (local.get $at)))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $more (i32.lt_u (local.get $at) (i32.const 65536))))
    unreachable)

  (func (export "_start")
    (local $what i32) (local $n i32)
    (local.set $what (call $what))
    (if (i32.eq (local.get $what) (i32.const 101)) ;; e
      (then (call $copy (i32.const 0))))
    (if (i32.eq (local.get $what) (i32.const 99)) ;; c
      (then
        (call $put (i32.const 1) (i32.const 64) (i32.const 10))
        (call $put (i32.const 1) (i32.const 74) (i32.const 40))))
    (if (i32.eq (local.get $what) (i32.const 112)) ;; p
      (then
        (call $put (i32.const 1) (i32.const 256) (i32.const 22))
        (call $put (i32.const 2) (i32.const 320) (i32.const 10))))
    (if (i32.eq (local.get $what) (i32.const 118)) ;; v
      (then (call $put (i32.const 1) (i32.const 4096) (i32.load (i32.const 20)))))
    (if (i32.eq (local.get $what) (i32.const 97)) ;; a
      (then
        (drop (call $args_sizes (i32.const 16) (i32.const 20)))
        (drop (call $args (i32.const 1024) (i32.const 4096)))
        (call $put (i32.const 1) (i32.const 4096) (i32.load (i32.const 20)))))
    (if (i32.eq (local.get $what) (i32.const 120)) ;; x
      (then (call $exit (i32.const 3))))
    (if (i32.eq (local.get $what) (i32.const 113)) ;; q
      (then
        (call $put (i32.const 1) (i32.const 256) (i32.const 22))
        (call $exit (i32.const 3))))
    (if (i32.eq (local.get $what) (i32.const 122)) ;; z
      (then
        (i32.store (i32.const 600) (i32.const 1)) ;; monotonic; the subscription is at 584
        (i64.store (i32.const 608) (i64.const 5000000))
        (if (call $poll (i32.const 584) (i32.const 704) (i32.const 1) (i32.const 8))
          (then unreachable))
        (call $put (i32.const 1) (i32.const 256) (i32.const 22))))
    (if (i32.eq (local.get $what) (i32.const 114)) ;; r
      (then
        (if (call $open_file (i32.const 352) (i32.const 6) (i32.const 0) (i64.const 2))
          (then unreachable))
        (call $copy (i32.load (i32.const 8)))))
    (if (i32.eq (local.get $what) (i32.const 110)) ;; n
      (then
        (memory.fill (i32.const 65536) (i32.const 10) (i32.const 65536))
        (call $put (i32.const 2) (i32.const 65536) (i32.const 65536))))
    (if (i32.eq (local.get $what) (i32.const 111)) ;; o
      (then
        (loop $more
          (if (call $open_file (i32.const 352) (i32.const 6) (i32.const 0) (i64.const 2))
            (then unreachable))
          (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (br_if $more (i32.lt_u (local.get $n) (i32.const 4000))))))
    (if (i32.eq (local.get $what) (i32.const 119)) ;; w
      (then
        (i32.store8 (i32.const 400) (i32.add (i32.const 48)
          (call $open_file (i32.const 368) (i32.const 7) (i32.const 1) (i64.const 64))))
        (if (i32.eq (i32.load8_u (i32.const 400)) (i32.const 48))
          (then (call $put (i32.load (i32.const 8)) (i32.const 320) (i32.const 10))))
        (call $put (i32.const 1) (i32.const 400) (i32.const 1))))))
