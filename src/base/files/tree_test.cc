#include "base/files/tree.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/files/files.h"
#include "base/testing/temp_dir.h"

namespace strata {
namespace {

namespace fs = std::filesystem;

class TreeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(from() / "sub/deep");
    fs::create_directory(to());
    Write(from() / "a", "one");
    Write(from() / "sub/deep/b", std::string(200'000, 'b'));
    fs::permissions(from() / "a", fs::perms(0751));
  }

  [[nodiscard]] fs::path from() const { return dir_.path() / "from"; }
  [[nodiscard]] fs::path to() const { return dir_.path() / "to"; }

  static void Write(const fs::path& path, std::string_view content) {
    std::ofstream(path, std::ios::binary) << content;
  }
  static std::string Content(const fs::path& path) {
    return ReadFile(path, Bytes::MiB(1)).value_or("(none)");
  }

  std::string Pack() {
    const auto root = OpenFile(from(), O_RDONLY | O_DIRECTORY);
    std::string stream;
    const auto packed = PackTree(
        *root,
        [&stream](std::string_view bytes) {
          stream += bytes;
          return Result<void>{};
        },
        [this](const std::string& path) { skipped_.push_back(path); });
    EXPECT_TRUE(packed.has_value()) << packed.error().message;
    return stream;
  }

  // "" or why not.
  std::string Unpack(std::string_view stream) {
    TreeUnpacker unpacker(*OpenFile(to(), O_RDONLY | O_DIRECTORY));
    auto done = unpacker.Take(stream);
    if (done) done = unpacker.Finish();
    return done ? "" : done.error().message;
  }

  testing::TempDir dir_;
  std::vector<std::string> skipped_;
};

TEST_F(TreeTest, ATreeIsTheSameOnTheOtherSide) {
  fs::create_symlink("/etc/passwd", from() / "sub/link");
  ASSERT_EQ(::mkfifo((from() / "fifo").c_str(), 0600), 0);
  fs::create_directory(from() / "nothing");
  EXPECT_EQ(Unpack(Pack()), "");
  EXPECT_EQ(Content(to() / "a"), "one");
  EXPECT_EQ(Content(to() / "sub/deep/b"), std::string(200'000, 'b'));
  EXPECT_TRUE(fs::is_directory(to() / "nothing"));
  EXPECT_EQ(fs::status(to() / "a").permissions() & fs::perms(0700), fs::perms(0700));
  EXPECT_EQ(skipped_, (std::vector<std::string>{"fifo", "sub/link"}));
  EXPECT_FALSE(fs::exists(fs::symlink_status(to() / "sub/link")));
}

TEST_F(TreeTest, FilesAreReplacedAndOthersStay) {
  Write(to() / "a", "another");
  Write(to() / "mine", "mine");
  EXPECT_EQ(Unpack(Pack()), "");
  EXPECT_EQ(Content(to() / "a"), "one");
  EXPECT_EQ(Content(to() / "mine"), "mine");
}

TEST_F(TreeTest, NothingGoesThroughALink) {
  const fs::path outside = dir_.path() / "outside";
  fs::create_directory(outside);
  Write(outside / "file", "untouched");
  fs::create_directory_symlink(outside, to() / "sub");  // as a directory of the tree is called
  EXPECT_NE(Unpack(Pack()), "");
  EXPECT_EQ(std::distance(fs::directory_iterator(outside), fs::directory_iterator()), 1);
  fs::remove(to() / "sub");
  fs::remove(to() / "a");
  fs::create_symlink(outside / "file", to() / "a");  // as a file of it is
  EXPECT_EQ(Unpack(Pack()), "");
  EXPECT_EQ(Content(outside / "file"), "untouched");
  EXPECT_EQ(Content(to() / "a"), "one");
}

// They would be more than the limit of entries counts.
TEST_F(TreeTest, NoDirectoryIsMadeWithoutAnEntry) {
  for (const bool directory : {false, true}) {
    const tar::Entry entry{.path = "x/y/z", .is_directory = directory, .mode = 0600};
    EXPECT_NE(Unpack(tar::Header(entry) + tar::End()).find("'x/y/z' comes before its directory"),
              std::string::npos);
  }
  EXPECT_TRUE(fs::is_empty(to()));
}

TEST_F(TreeTest, SetIdBitsAreNotKept) {
  ASSERT_EQ(::chmod((from() / "a").c_str(), 06755), 0);
  EXPECT_EQ(Unpack(Pack()), "");
  EXPECT_EQ(fs::status(to() / "a").permissions() & fs::perms(07000), fs::perms::none);
}

TEST_F(TreeTest, AFileIsFilledUpToItsLimit) {
  const auto file = OpenFile(to() / "file", O_WRONLY | O_CREAT);
  FileFiller filler(*file, Bytes(5));
  EXPECT_TRUE(filler.Take("123").has_value());
  EXPECT_TRUE(filler.Take("45").has_value());
  const auto more = filler.Take("6");
  ASSERT_FALSE(more.has_value());
  EXPECT_EQ(more.error().code, Errc::kResourceExhausted);
  EXPECT_EQ(Content(to() / "file"), "12345");
}

TEST_F(TreeTest, ItGoesIntoADirectoryOrInItsPlace) {
  ASSERT_TRUE(OpenTreeRoot(to(), "named").has_value());
  EXPECT_TRUE(fs::is_directory(to() / "named"));
  ASSERT_TRUE(OpenTreeRoot(to() / "fresh", "named").has_value());
  EXPECT_FALSE(fs::exists(to() / "fresh/named"));
  EXPECT_FALSE(OpenTreeRoot(from() / "a", "named").has_value());
}

}  // namespace
}  // namespace strata
