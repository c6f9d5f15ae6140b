/* The scenarios of the isolation battery that a WASI command can express; the others have no call to
   make. Prints what battery.cc prints. Built for wasm32-wasi, with engine.c. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "measure/battery/wasi.h"

static char evidence[128];
const char* Word(const char* word, const char* call) {
  snprintf(evidence, sizeof evidence, "%s%s%s", call, errno ? ": " : "", errno ? strerror(errno) : "");
  return word;
}

static const char* Get(const char* name) {
  const char* value = getenv(name);
  return value ? value : "";
}

static const char* Reads(const char* path) {
  char text[256] = {0};
  errno = 0;
  int fd = open(path, O_RDONLY);
  if (fd < 0) return Word("blocked", "open");
  ssize_t got = read(fd, text, sizeof text - 1);
  close(fd);
  errno = 0;
  const char* token = Get("STRATA_PLANT_TOKEN");
  return got > 0 && *token && strstr(text, token) ? Word("allowed", "read") : Word("blocked", "another file");
}

static const char* Writes(const char* path, int flags) {
  errno = 0;
  int fd = open(path, flags, 0600);
  if (fd < 0) return Word("blocked", "open");
  close(fd);
  return Word("allowed", "opened for writing");
}

static const char* Join(const char* before, const char* after) {
  static char path[1024];
  snprintf(path, sizeof path, "%s%s", before, after);
  return path;
}

/* Descriptors that nobody gave it. */
static const char* Forged(const char* file) {
  for (int fd = 3; fd < 256; ++fd) {
    const int got = openat(fd, file + 1, O_RDONLY);
    if (got < 0) continue;
    close(got);
    return Word("allowed", "openat");
  }
  errno = 0;
  return Word("blocked", "no descriptor leads out");
}

static const char* Run(const char* id) {
  const char* file = Get("STRATA_PLANT_FILE");
  if (!strcmp(id, "host-file-read")) return Reads(file);
  if (!strcmp(id, "host-file-dotdot")) return Reads(Join("../../../../../..", file));
  if (!strcmp(id, "host-file-proc-root")) return Reads(Join("/proc/1/root", file));
  if (!strcmp(id, "host-file-proc-cwd")) return Reads(Join("/proc/self/cwd/../../../..", file));
  if (!strcmp(id, "host-file-symlink")) {
    errno = 0;
    if (symlink(file, "/tmp/strata-link") != 0) return Word("blocked", "symlink");
    return Reads("/tmp/strata-link");
  }
  if (!strcmp(id, "host-file-write")) return Writes(Join(Get("STRATA_PLANT_DIRECTORY"), "/written"), O_WRONLY | O_CREAT);
  if (!strcmp(id, "host-file-overwrite")) return Writes(file, O_WRONLY);
  if (!strcmp(id, "granted-dotdot")) return Reads(Join(Get("STRATA_PLANT_GRANTED"), "/../secret"));
  if (!strcmp(id, "granted-link")) return Reads(Join(Get("STRATA_PLANT_GRANTED"), "/out"));
  if (!strcmp(id, "granted-write")) return Writes(Join(Get("STRATA_PLANT_GRANTED"), "/written"), O_WRONLY | O_CREAT);
  if (!strcmp(id, "tenant-file")) return Reads(Get("STRATA_PLANT_TENANT_FILE"));
  if (!strcmp(id, "leaked-descriptor")) return Forged(file);
  if (!strcmp(id, "host-shadow")) return Writes("/etc/shadow", O_RDONLY);
  if (!strcmp(id, "host-process-environ")) return Reads(Join("/proc/1/environ", ""));
  if (!strcmp(id, "kcore")) return Writes("/proc/kcore", O_RDONLY);
  if (!strcmp(id, "core-pattern")) return Writes("/proc/sys/kernel/core_pattern", O_WRONLY);
  if (!strcmp(id, "disk-bomb") || !strcmp(id, "root-disk-bomb")) return Writes("/tmp/strata-fill", O_WRONLY | O_CREAT);
  if (!strcmp(id, "inode-bomb")) return Writes("/tmp/strata-inode", O_WRONLY | O_CREAT);
  if (!strcmp(id, "memory-bomb")) {
    for (int i = 0; i < 200; ++i) {
      volatile char* part = malloc(1 << 20);
      if (!part) return Word("blocked", "malloc");
      for (int at = 0; at < 1 << 20; at += 4096) part[at] = 1;
    }
    return Word("allowed", "200 MiB");
  }
  if (!strcmp(id, "output-bomb") || !strcmp(id, "log-bomb")) {
    FILE* to = *id == 'o' ? stdout : stderr;
    for (int i = 0; i < 12 << 10; ++i) fprintf(to, "%1023d\n", i);
    errno = 0;
    return Word("allowed", "12 MiB");
  }
  if (!strcmp(id, "processor-bomb") || !strcmp(id, "time-bomb")) {
    time_t end = time(NULL) + 8;
    while (time(NULL) < end) {
    }
    return Word("allowed", "8 s");
  }
  if (!strcmp(id, "call-flood")) {
    struct timespec now;
    for (int i = 0; i < 400 * 1000 * 1000; ++i) clock_gettime(CLOCK_MONOTONIC, &now);
    return Word("allowed", "400 million calls");
  }
  const char* word = RunOnEngine(id);
  if (word) return word;
  errno = 0;
  return Word("n/a", "WASI has no such call");
}

int main(void) {
  const char* path = Get("PATH_INFO");
  const char* slash = strrchr(path, '/');
  const char* word = Run(slash ? slash + 1 : path);
  printf("\n%s %s\n", word, evidence);
  return 0;
}
