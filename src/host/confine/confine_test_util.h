// host/confine/confine_test_util.h - for tests of what cannot be undone: runs a check in a forked
// child.
//
// Only for tests of one thread: the child goes on with a copy of whatever locks others held. It
// sees no GoogleTest: a check says what went wrong by its number.
//
// Threads:  one; blocks until the child has ended. Errors: -1: it could not be forked.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include <gtest/gtest.h>

namespace strata::host {

// Runs `check` in a child and returns its exit code, or 1000 + the signal that ended it. The child
// returns 0 for success and a number of its own choice for what went wrong.
inline int InChild(int (*check)()) {
  const pid_t pid = ::fork();
  if (pid < 0) return -1;
  if (pid == 0) ::_exit(check());
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

}  // namespace strata::host
