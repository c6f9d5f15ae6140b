#include "host/confine/users.h"

#include <gtest/gtest.h>

namespace strata::host {
namespace {

// A cell or a machine that goes on while its manager is replaced keeps its user.
TEST(UsersTest, AnOwnersUserIsTheSameInEveryVersion) {
  EXPECT_EQ(NumberOf(""), 0xe3b0c442U) << "the first four bytes of SHA-256";
  const Identity user = UserOf("", kCellUsers);
  EXPECT_EQ(user.uid, 2'100'000'000U + 0xe3b0c442U % 47'000'000U);
  EXPECT_EQ(user.gid, user.uid);
}

TEST(UsersTest, EachIsOneOfItsKind) {
  for (const Users& kind : {kContainerUsers, kMachineUsers, kCellUsers, kPullUsers}) {
    for (const char* owner : {"a", "b", "shop", "kube"}) {
      const Identity user = UserOf(owner, kind);
      EXPECT_GE(user.uid, kind.first);
      EXPECT_LT(user.uid, kind.end());
    }
  }
}

}  // namespace
}  // namespace strata::host
