// tests/integration/cell/guests.h - guests in WebAssembly text that do one thing each, so that
// these tests need no other toolchain.
#pragma once

#include <string>

namespace strata::testing {

// A WASI command with /data (read-only) and /tmp (scratch), in this order as descriptors 3 and 4.
// It uses the file system, the clock, randomness and the poll in every way it can, prints "tried"
// to stderr and answers with the content of /data/file.
inline std::string FilesGuest() {
  return R"wat((module
  (import "wasi_snapshot_preview1" "path_open" (func $path_open
    (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_pread" (func $fd_pread
    (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_pwrite" (func $fd_pwrite
    (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_seek" (func $fd_seek (param i32 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_sync" (func $fd_sync (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_datasync" (func $fd_datasync (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_filestat_set_size" (func $set_size
    (param i32 i64) (result i32)))
  (import "wasi_snapshot_preview1" "fd_readdir" (func $fd_readdir
    (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory" (func $mkdir
    (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_remove_directory" (func $rmdir
    (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file" (func $unlink
    (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_rename" (func $rename
    (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_symlink" (func $symlink
    (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_link" (func $link
    (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_readlink" (func $readlink
    (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_filestat_get" (func $stat
    (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_filestat_set_times" (func $set_times
    (param i32 i32 i32 i32 i64 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock
    (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll
    (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "file")    ;; 0, 4
  (data (i32.const 16) "new")    ;; 16, 3
  (data (i32.const 32) "dir")    ;; 32, 3
  (data (i32.const 48) "other")  ;; 48, 5
  (data (i32.const 64) "tried\n")
  (func $iov (param $at i32) (param $ptr i32) (param $len i32)
    (i32.store (local.get $at) (local.get $ptr))
    (i32.store offset=4 (local.get $at) (local.get $len)))
  (func (export "_start") (local $fd i32)
    ;; scratch: make, write, read, stat, list, link, rename, remove
    (drop (call $path_open (i32.const 4) (i32.const 0) (i32.const 16) (i32.const 3) (i32.const 9)
      (i64.const 0x1fffffff) (i64.const 0) (i32.const 0) (i32.const 128)))
    (local.set $fd (i32.load (i32.const 128)))
    (call $iov (i32.const 136) (i32.const 48) (i32.const 5))
    (drop (call $fd_write (local.get $fd) (i32.const 136) (i32.const 1) (i32.const 144)))
    (drop (call $fd_pwrite (local.get $fd) (i32.const 136) (i32.const 1) (i64.const 3)
      (i32.const 144)))
    (drop (call $fd_sync (local.get $fd)))
    (drop (call $fd_datasync (local.get $fd)))
    (drop (call $set_size (local.get $fd) (i64.const 4)))
    (drop (call $fd_seek (local.get $fd) (i64.const 0) (i32.const 0) (i32.const 152)))
    (call $iov (i32.const 136) (i32.const 1024) (i32.const 64))
    (drop (call $fd_read (local.get $fd) (i32.const 136) (i32.const 1) (i32.const 144)))
    (drop (call $fd_pread (local.get $fd) (i32.const 136) (i32.const 1) (i64.const 1)
      (i32.const 144)))
    (drop (call $fd_close (local.get $fd)))
    (drop (call $mkdir (i32.const 4) (i32.const 32) (i32.const 3)))
    (drop (call $stat (i32.const 4) (i32.const 1) (i32.const 16) (i32.const 3) (i32.const 2048)))
    (drop (call $set_times (i32.const 4) (i32.const 1) (i32.const 16) (i32.const 3) (i64.const 1)
      (i64.const 1) (i32.const 5)))
    (drop (call $fd_readdir (i32.const 4) (i32.const 2048) (i32.const 1024) (i64.const 0)
      (i32.const 144)))
    (drop (call $link (i32.const 4) (i32.const 0) (i32.const 16) (i32.const 3) (i32.const 4)
      (i32.const 0) (i32.const 4)))
    (drop (call $unlink (i32.const 4) (i32.const 0) (i32.const 4)))
    (drop (call $symlink (i32.const 16) (i32.const 3) (i32.const 4) (i32.const 48) (i32.const 5)))
    (drop (call $readlink (i32.const 4) (i32.const 48) (i32.const 5) (i32.const 2048)
      (i32.const 64) (i32.const 144)))
    (drop (call $rename (i32.const 4) (i32.const 16) (i32.const 3) (i32.const 4) (i32.const 0)
      (i32.const 4)))
    (drop (call $unlink (i32.const 4) (i32.const 0) (i32.const 4)))
    (drop (call $rmdir (i32.const 4) (i32.const 32) (i32.const 3)))
    ;; clocks, randomness, yielding, a wait of 1 ms (subscription: clock, monotonic, relative)
    (drop (call $clock (i32.const 0) (i64.const 0) (i32.const 152)))
    (drop (call $clock (i32.const 1) (i64.const 0) (i32.const 152)))
    (drop (call $random (i32.const 2048) (i32.const 16)))
    (drop (call $yield))
    (i32.store (i32.const 4112) (i32.const 1))
    (i64.store (i32.const 4120) (i64.const 1000000))
    (drop (call $poll (i32.const 4096) (i32.const 5000) (i32.const 1) (i32.const 144)))
    (call $iov (i32.const 136) (i32.const 64) (i32.const 6))
    (drop (call $fd_write (i32.const 2) (i32.const 136) (i32.const 1) (i32.const 144)))
    ;; the answer
    (drop (call $path_open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 0)
      (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 128)))
    (call $iov (i32.const 136) (i32.const 1024) (i32.const 64))
    (drop (call $fd_read (i32.load (i32.const 128)) (i32.const 136) (i32.const 1)
      (i32.const 144)))
    (call $iov (i32.const 136) (i32.const 1024) (i32.load (i32.const 144)))
    (drop (call $fd_write (i32.const 1) (i32.const 136) (i32.const 1) (i32.const 144))))))wat";
}

// A bare module whose request handler never ends.
inline std::string SpinningGuest() {
  return R"wat((module (memory (export "memory") 2)
    (func (export "strata_alloc") (param i32) (result i32) (i32.const 65536))
    (func (export "strata_handle") (param i32 i32) (result i64)
      (loop $again (br $again)) (i64.const 0))))wat";
}

// A bare module that traps.
inline std::string TrappingGuest() {
  return R"wat((module (memory (export "memory") 2)
    (func (export "strata_alloc") (param i32) (result i32) (i32.const 65536))
    (func (export "strata_handle") (param i32 i32) (result i64) (unreachable))))wat";
}

}  // namespace strata::testing
