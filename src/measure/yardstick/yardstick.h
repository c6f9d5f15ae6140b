// measure/yardstick/yardstick.h - the measured program and its protocol: asked by PATH_INFO, as a
// CGI program is, or by its first argument; answers "NAME NUMBER" lines, or "lacking WHY".
//
//   measure::Run --Place::Call--> yardstick.c, kernel.c (not in wasm) --lines--> samples of a row
//
// C, built for wasm32-wasi, and as a static program, which is in the image, too. One thread; it
// ends after its answer, but for Serve.
#pragma once

/* Nanoseconds of a clock that only goes forward. */
double Now(void);

/* One line of an answer. */
void Tell(const char* name, double value);
void Lacking(const char* what);

/* Not in WASI: "epoll_ready", "epoll_wakeup" and "uring_submit", "uring_batched", all in ns; the
   most memory that this process had, "memory_mib"; a server at
   $PORT that says "." when it listens, and closes what it accepts. */
void Epoll(void);
void Uring(void);
void Memory(void);
void Serve(const char* port);
