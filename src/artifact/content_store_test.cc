#include "artifact/content_store.h"

#include <sys/stat.h>

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "artifact/testing.h"
#include "base/sha256.h"

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
  std::string PathOf(const std::string& digest) const {
    return folder_ / ("content/" + digest.substr(7));
  }

  TempFolder folder_;
};

TEST_F(ContentStoreTest, WhatWasPutIsThereAfterAReopen) {
  const std::string digest = *Open().Put(BytesOf("wasm"));
  EXPECT_EQ(digest, "sha256:" + Sha256Hex("wasm"));
  const ContentStore store = Open();
  EXPECT_TRUE(store.Contains(digest));
  const auto bytes = store.Get(digest);
  ASSERT_TRUE(bytes) << bytes.error().message;
  EXPECT_EQ(*bytes, BytesOf("wasm"));
}

TEST_F(ContentStoreTest, IsPrivate) {
  const std::string digest = *Open().Put(BytesOf("wasm"));
  struct stat status = {};
  ASSERT_EQ(::stat(PathOf(digest).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(ContentStoreTest, ADamagedFileIsReportedRemovedAndRepairedByPut) {
  ContentStore store = Open();
  const std::string digest = *store.Put(BytesOf("wasm"));
  WriteText(PathOf(digest), "wasX");
  EXPECT_EQ(store.Get(digest).error().code, Errc::kFailedPrecondition);
  EXPECT_EQ(store.Get(digest).error().code, Errc::kNotFound);
  WriteText(PathOf(digest), "wasX");
  EXPECT_EQ(*store.Put(BytesOf("wasm")), digest);
  EXPECT_TRUE(store.Get(digest));
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
  const std::string digest = *Open().Put(BytesOf("wasm"));
  WriteText(folder_ / "content/abc.tmp.XYZ", "half");
  EXPECT_TRUE(Open().Contains(digest));
  EXPECT_FALSE(fs::exists(folder_ / "content/abc.tmp.XYZ"));
}

TEST_F(ContentStoreTest, PruneKeepsWhatIsNamed) {
  ContentStore store = Open();
  const std::string a = *store.Put(BytesOf("a"));
  const std::string b = *store.Put(BytesOf("b"));
  EXPECT_EQ(*store.Prune({b}), 1U);
  EXPECT_FALSE(store.Contains(a));
  EXPECT_TRUE(store.Contains(b));
}

}  // namespace
}  // namespace strata::artifact
