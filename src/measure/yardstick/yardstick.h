// measure/yardstick/yardstick.h - what the program is asked for, by PATH_INFO as a CGI program has
// it or by its first argument, and answers: lines of "NAME NUMBER", or "lacking WHY".
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
