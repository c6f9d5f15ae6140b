#include "artifact/store/content_store.h"

#include <sys/stat.h>

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "artifact/regular_file.h"
#include "artifact/testing.h"
#include "base/sha256.h"
#include "base/testing/temp_dir.h"

namespace strata::artifact {
namespace {

namespace fs = std::filesystem;

class ContentStoreTest : public ::testing::Test {
 protected:
  ContentStore Open() {
    auto store = ContentStore::Open(folder_ / "content");
    EXPECT_TRUE(store) << store.error().message;
    return *std::move(store);
  }
  // Returns the digest.
  static std::string Put(ContentStore store, std::string_view text) {
    const auto bytes = BytesOf(text);
    std::string digest = DigestOf(bytes);
    EXPECT_TRUE(store.Put(digest, bytes));
    return digest;
  }
  std::string PathOf(const std::string& digest) const {
    return folder_ / ("content/" + digest.substr(7));
  }

  testing::TempDir folder_;
};

TEST_F(ContentStoreTest, WhatWasPutIsThereAfterAReopen) {
  const std::string digest = Put(Open(), "wasm");
  EXPECT_EQ(digest, "sha256:" + Sha256Hex("wasm"));
  const ContentStore store = Open();
  EXPECT_TRUE(store.Contains(digest));
  const auto bytes = store.Get(digest);
  ASSERT_TRUE(bytes) << bytes.error().message;
  EXPECT_EQ(*bytes, BytesOf("wasm"));
}

TEST_F(ContentStoreTest, IsPrivate) {
  const std::string digest = Put(Open(), "wasm");
  struct stat status = {};
  ASSERT_EQ(::stat(PathOf(digest).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(ContentStoreTest, ADamagedFileIsReportedRemovedAndRepairedByPut) {
  ContentStore store = Open();
  const std::string digest = Put(store, "wasm");
  WriteText(PathOf(digest), "wasX");
  EXPECT_EQ(store.Get(digest).error().code, Errc::kFailedPrecondition);
  EXPECT_EQ(store.Get(digest).error().code, Errc::kNotFound);
  WriteText(PathOf(digest), "wasX");
  EXPECT_EQ(Put(store, "wasm"), digest);
  EXPECT_TRUE(store.Get(digest));
}

TEST_F(ContentStoreTest, PutRepairsAFileThatIsTooShortOrTooLong) {
  ContentStore store = Open();
  const std::string digest = Put(store, "wasm");
  for (const char* damaged : {"", "was", "wasm and more"}) {
    WriteText(PathOf(digest), damaged);
    Put(store, "wasm");
    EXPECT_TRUE(store.Get(digest)) << damaged;
  }
}

TEST_F(ContentStoreTest, PutRefusesWhatIsNoDigest) {
  EXPECT_EQ(Open().Put("../x", BytesOf("wasm")).error().code, Errc::kInvalidArgument);
}

TEST_F(ContentStoreTest, AnUnknownOrMalformedDigestIsNotFound) {
  const ContentStore store = Open();
  for (const std::string& digest :
       {"sha256:" + std::string(64, '0'), std::string("sha256:../../x"), std::string()}) {
    EXPECT_EQ(store.Get(digest).error().code, Errc::kNotFound);
    EXPECT_FALSE(store.Contains(digest));
  }
}

TEST_F(ContentStoreTest, OpenRemovesWhatACrashedWriterLeft) {
  const std::string digest = Put(Open(), "wasm");
  WriteText(folder_ / "content/abc.tmp.XYZ", "half");
  EXPECT_TRUE(Open().Contains(digest));
  EXPECT_FALSE(fs::exists(folder_ / "content/abc.tmp.XYZ"));
}

TEST_F(ContentStoreTest, PruneKeepsWhatIsNamed) {
  ContentStore store = Open();
  const std::string a = Put(store, "a");
  const std::string b = Put(store, "b");
  EXPECT_EQ(*store.Prune({b}), 1U);
  EXPECT_FALSE(store.Contains(a));
  EXPECT_TRUE(store.Contains(b));
}

}  // namespace
}  // namespace strata::artifact
