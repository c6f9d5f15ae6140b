#include "artifact/store/code_cache.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "artifact/testing.h"
#include "base/files/files.h"
#include "base/testing/temp_dir.h"

namespace strata::artifact {
namespace {

namespace fs = std::filesystem;

const std::string kDigest = "sha256:" + std::string(64, 'a');
const std::string kOther = "sha256:" + std::string(64, 'b');
constexpr const char* kEngine = "0123456789abcdef";

CodeCache::Key KeyOf(unsigned char fill) {
  CodeCache::Key key;
  key.fill(std::byte{fill});
  return key;
}

// Compiled code as the compile role hands it over.
Fd Code(const std::string& text) {
  Fd fd(::memfd_create("code", MFD_CLOEXEC));
  EXPECT_TRUE(WriteAll(fd.get(), text));  // the position is now at the end: Insert must not care
  return fd;
}

// From the descriptor's own position, as a loader reads it.
std::string ReadRest(const Fd& fd) {
  std::string text(64, '\0');
  const ssize_t got = ::read(fd.get(), text.data(), text.size());
  text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return text;
}

class CodeCacheTest : public ::testing::Test {
 protected:
  CodeCache Open(unsigned char key = 1, CodeCache::Options options = {}) {
    auto cache = CodeCache::Open(folder_ / "cache", KeyOf(key), options);
    EXPECT_TRUE(cache) << cache.error().message;
    return *std::move(cache);
  }

  std::string CodePath(const std::string& digest = kDigest) const {
    return folder_ / ("cache/" + digest.substr(7) + "-" + kEngine);
  }

  // Puts an entry in, lets `damage` at it, and expects that it is rejected, counted and gone.
  template <typename Damage>
  void ExpectRejected(Damage damage) {
    CodeCache cache = Open();
    ASSERT_TRUE(cache.Insert(kDigest, kEngine, Code("native code")));
    damage();
    const auto code = cache.Lookup(kDigest, kEngine);
    ASSERT_FALSE(code);
    EXPECT_EQ(code.error().code, Errc::kNotFound);
    EXPECT_EQ(cache.stats().rejected, 1U);
    EXPECT_FALSE(fs::exists(CodePath()));
    EXPECT_FALSE(fs::exists(CodePath() + ".mac"));
    // It can be built again.
    EXPECT_TRUE(cache.Insert(kDigest, kEngine, Code("native code")));
    EXPECT_TRUE(cache.Lookup(kDigest, kEngine));
  }

  void Rewrite(const std::string& path, const std::string& content) {
    ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
    WriteText(path, content);
    ASSERT_EQ(::chmod(path.c_str(), 0400), 0);
  }

  testing::TempDir folder_;
};

TEST_F(CodeCacheTest, WhatWasInsertedIsFoundAfterAReopen) {
  {
    CodeCache cache = Open();
    const auto inserted = cache.Insert(kDigest, kEngine, Code("native code"));
    ASSERT_TRUE(inserted) << inserted.error().message;
    EXPECT_EQ(ReadRest(*inserted), "native code");
  }
  CodeCache cache = Open();
  const auto code = cache.Lookup(kDigest, kEngine);
  ASSERT_TRUE(code) << code.error().message;
  EXPECT_EQ(ReadRest(*code), "native code");
  EXPECT_EQ(cache.stats().hits, 1U);
}

TEST_F(CodeCacheTest, TheDescriptorCannotBeWritten) {
  CodeCache cache = Open();
  const auto code = cache.Insert(kDigest, kEngine, Code("native code"));
  EXPECT_EQ(::fcntl(code->get(), F_GETFL) & O_ACCMODE, O_RDONLY);
  struct stat status = {};
  ASSERT_EQ(::fstat(code->get(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0400U);
}

TEST_F(CodeCacheTest, WhatIsNotThereIsAMiss) {
  CodeCache cache = Open();
  ASSERT_TRUE(cache.Insert(kDigest, kEngine, Code("native code")));
  EXPECT_EQ(cache.Lookup(kOther, kEngine).error().code, Errc::kNotFound);
  EXPECT_EQ(cache.Lookup(kDigest, "fedcba9876543210").error().code, Errc::kNotFound);
  EXPECT_EQ(cache.stats().misses, 2U);
  EXPECT_EQ(cache.stats().rejected, 0U);
}

TEST_F(CodeCacheTest, AChangedByteIsRejected) {
  ExpectRejected([this] { Rewrite(CodePath(), "native c0de"); });
}

TEST_F(CodeCacheTest, ATornFileIsRejected) {
  ExpectRejected([this] { Rewrite(CodePath(), "native"); });
}

TEST_F(CodeCacheTest, AnExtendedFileIsRejected) {
  ExpectRejected([this] { Rewrite(CodePath(), "native code and more"); });
}

TEST_F(CodeCacheTest, AMissingMacIsRejected) {
  ExpectRejected([this] { fs::remove(CodePath() + ".mac"); });
}

TEST_F(CodeCacheTest, ATruncatedOrLongMacIsRejected) {
  for (const std::size_t size : {0U, 31U, 33U, 4096U}) {
    ExpectRejected([this, size] { Rewrite(CodePath() + ".mac", std::string(size, 'm')); });
  }
}

TEST_F(CodeCacheTest, AnEntryOfAnotherArtifactIsRejected) {
  ExpectRejected([this] {
    CodeCache cache = Open();
    ASSERT_TRUE(cache.Insert(kOther, kEngine, Code("evil but valid")));
    fs::rename(CodePath(kOther), CodePath());
    fs::rename(CodePath(kOther) + ".mac", CodePath() + ".mac");
  });
}

TEST_F(CodeCacheTest, AnEntryMadeUnderAnotherKeyIsRejected) {
  ExpectRejected([this] {
    CodeCache foreign = Open(2);
    ASSERT_TRUE(foreign.Insert(kDigest, kEngine, Code("native code")));
  });
}

TEST_F(CodeCacheTest, AFileThatOthersMayWriteIsRejected) {
  ExpectRejected([this] { ASSERT_EQ(::chmod(CodePath().c_str(), 0422), 0); });
}

TEST_F(CodeCacheTest, ALinkIsRejected) {
  ExpectRejected([this] {
    fs::rename(CodePath(), folder_ / "elsewhere");
    fs::create_symlink(folder_ / "elsewhere", CodePath());
  });
}

TEST_F(CodeCacheTest, AFifoIsRejectedWithoutWaiting) {
  ExpectRejected([this] {
    fs::remove(CodePath());
    ASSERT_EQ(::mkfifo(CodePath().c_str(), 0400), 0);
  });
}

TEST_F(CodeCacheTest, InsertingAgainReplaces) {
  CodeCache cache = Open();
  const auto first = cache.Insert(kDigest, kEngine, Code("first"));
  ASSERT_TRUE(cache.Insert(kDigest, kEngine, Code("second")));
  EXPECT_EQ(ReadRest(*cache.Lookup(kDigest, kEngine)), "second");
  EXPECT_EQ(ReadRest(*first), "first") << "who has the old code keeps it";
}

TEST_F(CodeCacheTest, OpenRemovesWhatACrashedWriterLeft) {
  WriteText(CodePath() + ".new", "half");
  CodeCache cache = Open();
  EXPECT_FALSE(fs::exists(CodePath() + ".new"));
  EXPECT_TRUE(cache.Insert(kDigest, kEngine, Code("native code")));
}

TEST_F(CodeCacheTest, TheLeastRecentlyUsedEntryGoesFirst) {
  CodeCache cache = Open(1, {Bytes{25}});
  const std::string third = "sha256:" + std::string(64, 'c');
  ASSERT_TRUE(cache.Insert(kDigest, kEngine, Code("ten bytes.")));
  ASSERT_TRUE(cache.Insert(kOther, kEngine, Code("ten bytes.")));
  // Times far apart, whatever the file system's resolution.
  fs::last_write_time(CodePath(kDigest), fs::file_time_type::clock::now() - std::chrono::hours(1));
  fs::last_write_time(CodePath(kOther), fs::file_time_type::clock::now() - std::chrono::hours(2));
  ASSERT_TRUE(cache.Insert(third, kEngine, Code("ten bytes.")));
  EXPECT_EQ(cache.stats().evicted, 1U);
  EXPECT_FALSE(fs::exists(CodePath(kOther) + ".mac"));
  EXPECT_TRUE(cache.Lookup(kDigest, kEngine));
  EXPECT_FALSE(cache.Lookup(kOther, kEngine));
  EXPECT_TRUE(cache.Lookup(third, kEngine));
}

TEST_F(CodeCacheTest, AKeyThatIsNoFileNameIsRefused) {
  CodeCache cache = Open();
  EXPECT_EQ(cache.Lookup("sha256:../x", kEngine).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(cache.Lookup(kDigest, "../x").error().code, Errc::kInvalidArgument);
  EXPECT_EQ(cache.Insert(kDigest, "", Code("x")).error().code, Errc::kInvalidArgument);
}

}  // namespace
}  // namespace strata::artifact
