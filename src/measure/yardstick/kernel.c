/* What the kernel costs that a program sees: its own, the Sentry or that of a machine. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/io_uring.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/yardstick/yardstick.h"

enum { kReadyRounds = 20000, kWakeups = 2000, kSubmissions = 20000, kBatch = 32 };

static void LackingErrno(const char* call) {
  char text[128];
  snprintf(text, sizeof(text), "%s: %s", call, strerror(errno));
  Lacking(text);
}

/* An epoll of one counter; -1 after a failure. */
static int Watch(int counter) {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN};
  if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, counter, &event) != 0) return -1;
  return epoll;
}

/* Waits, takes what came, and hands it on. */
static void PassOn(int epoll, int from, int to) {
  struct epoll_event event;
  eventfd_t value = 0;
  while (epoll_wait(epoll, &event, 1, -1) < 1) {
  }
  eventfd_read(from, &value);
  eventfd_write(to, value);
}

/* Half of a round trip between two processes, each asleep until the other writes. */
static void TimeWakeups(int there, int back) {
  const int here = Watch(back);
  const int other = Watch(there);
  const pid_t child = here < 0 || other < 0 ? -1 : fork();
  if (child < 0) return LackingErrno("fork");
  if (child == 0) {
    for (int i = 0; i < kWakeups; ++i) PassOn(other, there, back);
    _exit(0);
  }
  const double start = Now();
  for (int i = 0; i < kWakeups; ++i) {
    eventfd_write(there, 1);
    struct epoll_event event;
    eventfd_t value = 0;
    while (epoll_wait(here, &event, 1, -1) < 1) {
    }
    eventfd_read(back, &value);
  }
  Tell("epoll_wakeup", (Now() - start) / kWakeups / 2);
  waitpid(child, NULL, 0);
}

void Epoll(void) {
  const int there = eventfd(0, EFD_CLOEXEC);
  const int back = eventfd(0, EFD_CLOEXEC);
  if (there < 0 || back < 0) return LackingErrno("eventfd");
  const int ready = eventfd(1, EFD_CLOEXEC);
  const int epoll = Watch(ready);
  if (epoll < 0) return LackingErrno("epoll_create1");
  struct epoll_event event;
  const double start = Now();
  for (int i = 0; i < kReadyRounds; ++i) epoll_wait(epoll, &event, 1, -1);
  Tell("epoll_ready", (Now() - start) / kReadyRounds);
  TimeWakeups(there, back);
}

struct Ring {
  int fd;
  struct io_uring_params params;
  char* submissions;
  char* completions;
  struct io_uring_sqe* entries;
};

static void* Map(int fd, size_t size, off_t offset) {
  void* mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset);
  return mapped == MAP_FAILED ? NULL : mapped;
}

/* Says what is lacking and returns 0 where there is none. */
static int Open(struct Ring* ring) {
  memset(ring, 0, sizeof(*ring));
  ring->fd = (int)syscall(SYS_io_uring_setup, kBatch, &ring->params);
  if (ring->fd < 0) {
    LackingErrno("io_uring_setup");
    return 0;
  }
  const struct io_uring_params* params = &ring->params;
  ring->submissions = Map(ring->fd, params->sq_off.array + params->sq_entries * sizeof(uint32_t),
                          IORING_OFF_SQ_RING);
  ring->completions =
      Map(ring->fd, params->cq_off.cqes + params->cq_entries * sizeof(struct io_uring_cqe),
          IORING_OFF_CQ_RING);
  ring->entries = Map(ring->fd, params->sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
  if (ring->submissions == NULL || ring->completions == NULL || ring->entries == NULL) {
    LackingErrno("map the ring");
    return 0;
  }
  return 1;
}

static _Atomic uint32_t* At(char* ring, uint32_t offset) {
  return (_Atomic uint32_t*)(void*)(ring + offset);
}

/* Puts `count` operations that do nothing into the queue and waits for all. 0: the call failed. */
static int Submit(struct Ring* ring, uint32_t count) {
  const struct io_uring_params* params = &ring->params;
  _Atomic uint32_t* tail = At(ring->submissions, params->sq_off.tail);
  uint32_t* array = (uint32_t*)(void*)(ring->submissions + params->sq_off.array);
  const uint32_t mask = params->sq_entries - 1;
  const uint32_t from = atomic_load_explicit(tail, memory_order_relaxed);
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t slot = (from + i) & mask;
    memset(&ring->entries[slot], 0, sizeof(ring->entries[slot]));
    ring->entries[slot].opcode = IORING_OP_NOP;
    array[slot] = slot;
  }
  atomic_store_explicit(tail, from + count, memory_order_release);
  const long done =
      syscall(SYS_io_uring_enter, ring->fd, count, count, IORING_ENTER_GETEVENTS, NULL, 0);
  if (done != (long)count) return 0;
  _Atomic uint32_t* head = At(ring->completions, params->cq_off.head);
  atomic_store_explicit(
      head, atomic_load_explicit(At(ring->completions, params->cq_off.tail), memory_order_acquire),
      memory_order_release);
  return 1;
}

static void TimeSubmissions(struct Ring* ring, const char* name, uint32_t batch) {
  const double start = Now();
  for (uint32_t done = 0; done < kSubmissions; done += batch) {
    if (!Submit(ring, batch)) return LackingErrno("io_uring_enter");
  }
  Tell(name, (Now() - start) / kSubmissions);
}

void Uring(void) {
  struct Ring ring;
  if (!Open(&ring)) return;
  TimeSubmissions(&ring, "uring_submit", 1);
  TimeSubmissions(&ring, "uring_batched", kBatch);
}

void Memory(void) {
  FILE* status = fopen("/proc/self/status", "r");
  char line[256];
  double kib = 0;
  while (status != NULL && fgets(line, sizeof(line), status) != NULL) {
    if (sscanf(line, "VmHWM: %lf kB", &kib) == 1) Tell("memory_mib", kib / 1024);
  }
}

static void End(int number) {
  (void)number;
  _exit(0);
}

/* As the first process of a sandbox it would not hear of the signal else, and be there for seconds
   beside what is measured next. */
void Serve(const char* port) {
  signal(SIGTERM, End);
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_port = htons((uint16_t)atoi(port)),
                                      .sin_addr = {htonl(INADDR_ANY)}};
  if (listener < 0 || bind(listener, (const struct sockaddr*)&address, sizeof(address)) != 0 ||
      listen(listener, 16) != 0) {
    return LackingErrno("listen");
  }
  putchar('.'); /* it listens */
  fflush(stdout);
  for (;;) {
    const int connection = accept(listener, NULL, NULL);
    if (connection >= 0) close(connection);
  }
}
