#include "host/confine/session_keyring.h"

#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "host/confine/confine_test_util.h"

namespace strata::host {
namespace {

long SessionKeyring() {
  return ::syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0);
}

long FindInSession() {
  return ::syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", "strata-test", 0);
}

int JoinAndLook() {
  if (::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) < 0) return 1;
  if (::syscall(SYS_add_key, "user", "strata-test", "x", 1, KEY_SPEC_SESSION_KEYRING) < 0) return 2;
  const long before = SessionKeyring();
  if (FindInSession() < 0) return 3;
  if (!JoinOwnSessionKeyring()) return 4;
  if (SessionKeyring() == before) return 5;
  return FindInSession() < 0 ? 0 : 6;
}

TEST(SessionKeyringTest, WhatWasInTheOneBeforeIsNotFoundAnyMore) {
  if (SessionKeyring() < 0) GTEST_SKIP() << "keys cannot be had here";
  EXPECT_EQ(InChild(&JoinAndLook), 0);
}

}  // namespace
}  // namespace strata::host
