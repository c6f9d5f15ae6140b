#include "store/mac_key.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"

namespace strata::store {
namespace {

class MacKeyTest : public ::testing::Test {
 protected:
  std::string path() const { return folder_ / "mac.key"; }
  Result<MacKey> Load() { return LoadOrCreateMacKey(folder_.path(), random_); }
  void ExpectRefused() {
    const auto key = Load();
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().code, Errc::kFailedPrecondition) << key.error().message;
  }

  testing::TempDir folder_;
  SeededRandom random_{1};
};

TEST_F(MacKeyTest, IsMadeOnceAndReadableByTheOwnerOnly) {
  const auto first = Load();
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(*first, *Load());
  struct stat status = {};
  ASSERT_EQ(::stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(MacKeyTest, AKeyThatOthersCanReadIsRefused) {
  ASSERT_TRUE(Load());
  ASSERT_EQ(::chmod(path().c_str(), 0640), 0);
  ExpectRefused();
}

TEST_F(MacKeyTest, AKeyOfAnotherSizeIsRefused) {
  for (const std::size_t size : {0U, 31U, 33U}) {
    std::ofstream(path()) << std::string(size, 'k');
    ASSERT_EQ(::chmod(path().c_str(), 0600), 0);
    ExpectRefused();
  }
}

TEST_F(MacKeyTest, ADirectoryIsNoKey) {
  std::filesystem::create_directory(path());
  ExpectRefused();
}

}  // namespace
}  // namespace strata::store
