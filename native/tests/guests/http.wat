;; A wasi:http guest by the canonical ABI; the first letter of the request's path says what it does.
;;   /h hello        /e echo, streaming       /o asks http://example.com/out and passes the answer on
;;   /t trap         /n returns without an answer   /x answers with an error
;;   /s spins        /m grows its memory until refused, then traps   /d deep recursion
;;   /c counts its calls   /p prints to stdout and stderr, then hello
;;   /z sleeps 5 ms, then hello   /f keeps 4000 fields of 60 KiB, then hello
;;   /l asks for methods and authorities of 8 KiB and of more, then hello if only the latter are refused
(module
  (import "wasi:http/types@0.2.10" "[constructor]fields" (func $fields (result i32)))
  (import "wasi:http/types@0.2.10" "[static]fields.from-list" (func $from_list (param i32 i32 i32)))
  (import "wasi:http/types@0.2.10" "[method]incoming-request.path-with-query"
    (func $path (param i32 i32)))
  (import "wasi:http/types@0.2.10" "[method]incoming-request.consume"
    (func $consume (param i32 i32)))
  (import "wasi:http/types@0.2.10" "[method]incoming-body.stream" (func $body_in (param i32 i32)))
  (import "wasi:http/types@0.2.10" "[constructor]outgoing-response"
    (func $response (param i32) (result i32)))
  (import "wasi:http/types@0.2.10" "[method]outgoing-response.body"
    (func $response_body (param i32 i32)))
  (import "wasi:http/types@0.2.10" "[static]response-outparam.set"
    (func $set (param i32 i32 i32 i32 i64 i32 i32 i32 i32)))
  (import "wasi:http/types@0.2.10" "[method]outgoing-body.write" (func $body_out (param i32 i32)))
  (import "wasi:http/types@0.2.10" "[static]outgoing-body.finish"
    (func $finish (param i32 i32 i32 i32)))
  (import "wasi:http/types@0.2.10" "[constructor]outgoing-request"
    (func $request (param i32) (result i32)))
  (import "wasi:http/types@0.2.10" "[method]outgoing-request.set-method"
    (func $set_method (param i32 i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.2.10" "[method]outgoing-request.set-scheme"
    (func $set_scheme (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.2.10" "[method]outgoing-request.set-authority"
    (func $set_authority (param i32 i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.2.10" "[method]outgoing-request.set-path-with-query"
    (func $set_path (param i32 i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.2.10" "[method]outgoing-request.body"
    (func $request_body (param i32 i32)))
  (import "wasi:http/types@0.2.10" "[method]future-incoming-response.subscribe"
    (func $subscribe (param i32) (result i32)))
  (import "wasi:http/types@0.2.10" "[method]future-incoming-response.get"
    (func $get (param i32 i32)))
  (import "wasi:http/types@0.2.10" "[method]incoming-response.consume"
    (func $consume_response (param i32 i32)))
  (import "wasi:http/types@0.2.10" "[resource-drop]incoming-body" (func $drop_body (param i32)))
  (import "wasi:http/types@0.2.10" "[resource-drop]incoming-request"
    (func $drop_request (param i32)))
  (import "wasi:http/outgoing-handler@0.2.10" "handle" (func $send (param i32 i32 i32 i32)))
  (import "wasi:io/poll@0.2.10" "[method]pollable.block" (func $block (param i32)))
  (import "wasi:io/poll@0.2.10" "[resource-drop]pollable" (func $drop_pollable (param i32)))
  (import "wasi:io/streams@0.2.10" "[method]input-stream.blocking-read"
    (func $read (param i32 i64 i32)))
  (import "wasi:io/streams@0.2.10" "[method]output-stream.blocking-write-and-flush"
    (func $write (param i32 i32 i32 i32)))
  (import "wasi:io/streams@0.2.10" "[resource-drop]input-stream" (func $drop_input (param i32)))
  (import "wasi:io/streams@0.2.10" "[resource-drop]output-stream" (func $drop_output (param i32)))
  (import "wasi:cli/stdout@0.2.10" "get-stdout" (func $stdout (result i32)))
  (import "wasi:cli/stderr@0.2.10" "get-stderr" (func $stderr (result i32)))
  (import "wasi:clocks/monotonic-clock@0.2.10" "subscribe-duration"
    (func $timer (param i64) (result i32)))

  ;; 0: results of imports. 256: texts. 4096: allocations, reset before every read.
  (memory (export "memory") 4 1000)
  (data (i32.const 256) "hello, world\0a")
  (data (i32.const 272) "example.com")
  (data (i32.const 288) "/out")
  (data (i32.const 304) "denied")
  (data (i32.const 320) "one line\0aa half")
  (global $heap (mut i32) (i32.const 4096))
  (global $calls (mut i32) (i32.const 0))

  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.get $heap)
    (global.set $heap (i32.add (global.get $heap) (local.get 3))))

  ;; The handle or value that an import left behind its discriminant; traps on the error case.
  (func $ok (result i32)
    (if (i32.load8_u (i32.const 0)) (then unreachable))
    (i32.load (i32.const 4)))

  ;; Sets an empty 200 and returns its body; its stream is left in $ok.
  (func $answer (param $out i32) (result i32)
    (local $response i32) (local $body i32)
    (local.set $response (call $response (call $fields)))
    (call $response_body (local.get $response) (i32.const 0))
    (local.set $body (call $ok))
    (call $set (local.get $out) (i32.const 0) (local.get $response)
      (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
    (call $body_out (local.get $body) (i32.const 0))
    (local.get $body))

  (func $write_all (param $stream i32) (param $at i32) (param $len i32)
    (local $part i32)
    (loop $more
      (local.set $part (local.get $len))
      (if (i32.gt_u (local.get $part) (i32.const 4096)) (then (local.set $part (i32.const 4096))))
      (call $write (local.get $stream) (local.get $at) (local.get $part) (i32.const 0))
      (if (i32.load8_u (i32.const 0)) (then unreachable))
      (local.set $at (i32.add (local.get $at) (local.get $part)))
      (local.set $len (i32.sub (local.get $len) (local.get $part)))
      (br_if $more (local.get $len))))

  (func $text (param $out i32) (param $at i32) (param $len i32)
    (local $body i32) (local $stream i32)
    (local.set $body (call $answer (local.get $out)))
    (local.set $stream (call $ok))
    (call $write_all (local.get $stream) (local.get $at) (local.get $len))
    (call $drop_output (local.get $stream))
    (call $finish (local.get $body) (i32.const 0) (i32.const 0) (i32.const 0)))

  ;; Copies an incoming body to the answer, piece by piece.
  (func $pass_on (param $incoming i32) (param $out i32)
    (local $input i32) (local $body i32) (local $output i32)
    (call $body_in (local.get $incoming) (i32.const 0))
    (local.set $input (call $ok))
    (local.set $body (call $answer (local.get $out)))
    (local.set $output (call $ok))
    (block $end
      (loop $more
        (global.set $heap (i32.const 4096))
        (call $read (local.get $input) (i64.const 65536) (i32.const 0))
        (br_if $end (i32.load8_u (i32.const 0)))
        (if (i32.load (i32.const 8))
          (then (call $write_all (local.get $output) (i32.load (i32.const 4))
            (i32.load (i32.const 8)))))
        (br $more)))
    ;; The error case: 0 failed, 1 closed.
    (if (i32.eqz (i32.load8_u (i32.const 4))) (then unreachable))
    (call $drop_input (local.get $input))
    (call $drop_body (local.get $incoming))
    (call $drop_output (local.get $output))
    (call $finish (local.get $body) (i32.const 0) (i32.const 0) (i32.const 0)))

  (func $ask (param $out i32)
    (local $request i32) (local $future i32) (local $pollable i32) (local $body i32)
    (local $stream i32)
    (local.set $request (call $request (call $fields)))
    (drop (call $set_scheme (local.get $request) (i32.const 1) (i32.const 0) (i32.const 0)
      (i32.const 0)))
    (drop (call $set_authority (local.get $request) (i32.const 1) (i32.const 272) (i32.const 11)))
    (drop (call $set_path (local.get $request) (i32.const 1) (i32.const 288) (i32.const 4)))
    (call $request_body (local.get $request) (i32.const 0))
    (local.set $body (call $ok))
    (call $send (local.get $request) (i32.const 0) (i32.const 0) (i32.const 0))
    (if (i32.load8_u (i32.const 0)) (then unreachable))
    (local.set $future (i32.load (i32.const 8)))
    (call $body_out (local.get $body) (i32.const 0))
    (local.set $stream (call $ok))
    (call $write_all (local.get $stream) (i32.const 256) (i32.const 5))
    (call $drop_output (local.get $stream))
    (call $finish (local.get $body) (i32.const 0) (i32.const 0) (i32.const 0))
    (local.set $pollable (call $subscribe (local.get $future)))
    (call $block (local.get $pollable))
    (call $drop_pollable (local.get $pollable))
    (call $get (local.get $future) (i32.const 0))
    (if (i32.load8_u (i32.const 16))
      (then (call $text (local.get $out) (i32.const 304) (i32.const 6)) (return)))
    (call $consume_response (i32.load (i32.const 24)) (i32.const 0))
    (call $pass_on (call $ok) (local.get $out)))

  (func $keep_fields
    (local $n i32)
    (memory.fill (i32.const 131072) (i32.const 97) (i32.const 61440))
    (i32.store (i32.const 512) (i32.const 131072)) ;; one field: its name, its value
    (i32.store (i32.const 516) (i32.const 1))
    (i32.store (i32.const 520) (i32.const 131072))
    (i32.store (i32.const 524) (i32.const 61440))
    (loop $more
      (call $from_list (i32.const 512) (i32.const 1) (i32.const 0))
      (drop (call $ok))
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $more (i32.lt_u (local.get $n) (i32.const 4000)))))

  ;; Whether a method and an authority of this length are refused: 0, 1 or 2 of them.
  (func $refused (param $request i32) (param $len i32) (result i32)
    (i32.add
      (call $set_method (local.get $request) (i32.const 9) (i32.const 131072) (local.get $len))
      (call $set_authority (local.get $request) (i32.const 1) (i32.const 131072)
        (local.get $len))))

  (func $long_names
    (local $request i32)
    (memory.fill (i32.const 131072) (i32.const 97) (i32.const 8193))
    (local.set $request (call $request (call $fields)))
    (if (call $refused (local.get $request) (i32.const 8192)) (then unreachable))
    (if (i32.ne (call $refused (local.get $request) (i32.const 8193)) (i32.const 2))
      (then unreachable)))

  (func $deep (param i32) (result i32)
    (i32.add (call $deep (i32.add (local.get 0) (i32.const 1))) (local.get 0)))

  (func (export "wasi:http/incoming-handler@0.2.10#handle") (param $in i32) (param $out i32)
    (local $what i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (call $path (local.get $in) (i32.const 0))
    (local.set $what (i32.load8_u offset=1 (i32.load (i32.const 4))))
    (if (i32.eq (local.get $what) (i32.const 104)) ;; h
      (then (call $text (local.get $out) (i32.const 256) (i32.const 13))))
    (if (i32.eq (local.get $what) (i32.const 101)) ;; e
      (then (call $consume (local.get $in) (i32.const 0)) (call $pass_on (call $ok) (local.get $out))))
    (if (i32.eq (local.get $what) (i32.const 111)) ;; o
      (then (call $ask (local.get $out))))
    (if (i32.eq (local.get $what) (i32.const 102)) ;; f
      (then (call $keep_fields) (call $text (local.get $out) (i32.const 256) (i32.const 13))))
    (if (i32.eq (local.get $what) (i32.const 108)) ;; l
      (then (call $long_names) (call $text (local.get $out) (i32.const 256) (i32.const 13))))
    (if (i32.eq (local.get $what) (i32.const 116)) ;; t
      (then unreachable))
    (if (i32.eq (local.get $what) (i32.const 120)) ;; x
      (then (call $set (local.get $out) (i32.const 1) (i32.const 38)
        (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))))
    (if (i32.eq (local.get $what) (i32.const 115)) ;; s
      (then (loop $forever (br $forever))))
    (if (i32.eq (local.get $what) (i32.const 109)) ;; m
      (then (loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
        unreachable))
    (if (i32.eq (local.get $what) (i32.const 100)) ;; d
      (then (drop (call $deep (i32.const 0)))))
    (if (i32.eq (local.get $what) (i32.const 99)) ;; c
      (then
        (i32.store8 (i32.const 300) (i32.add (i32.const 48) (global.get $calls)))
        (call $text (local.get $out) (i32.const 300) (i32.const 1))))
    (if (i32.eq (local.get $what) (i32.const 112)) ;; p
      (then
        (call $write_all (call $stdout) (i32.const 320) (i32.const 15))
        (call $write_all (call $stderr) (i32.const 256) (i32.const 13))
        (call $text (local.get $out) (i32.const 256) (i32.const 13))))
    (if (i32.eq (local.get $what) (i32.const 122)) ;; z
      (then
        (call $block (call $timer (i64.const 5000000)))
        (call $text (local.get $out) (i32.const 256) (i32.const 13))))
    (call $drop_request (local.get $in))))
