#include "host/files/journal.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "base/files/files.h"
#include "base/testing/temp_dir.h"

namespace strata::host {
namespace {

class JournalTest : public ::testing::Test {
 protected:
  std::string Text() { return *ReadFile(path_, 1_MiB); }
  void SetText(const std::string& text) { std::ofstream(path_, std::ios::binary) << text; }

  const HostObject web_{.kind = "cell", .id = "web-0", .process = {42, 7, "boot"}};
  const HostObject job_{.kind = "cell", .id = "job-1", .process = {43, 8, "boot"}};
  const HostObject socket_{.kind = "socket", .id = "/run/x", .process = {}};
  const testing::TempDir root_;
  const std::string path_ = root_ / "journal";
};

TEST_F(JournalTest, RemembersWhatWasMadeAndNotRemoved) {
  {
    auto journal = Journal::Open(path_);
    ASSERT_TRUE(journal) << journal.error().message;
    EXPECT_TRUE(journal->living().empty());
    ASSERT_TRUE(journal->Made(web_));
    ASSERT_TRUE(journal->Made(job_));
    ASSERT_TRUE(journal->Made(socket_));
    ASSERT_TRUE(journal->Gone("cell", "job-1"));
  }
  auto again = Journal::Open(path_);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->living(), (std::vector{web_, socket_}));
}

TEST_F(JournalTest, TheSameObjectAgainReplacesItsEntry) {
  HostObject planned = web_;
  planned.process = {};
  {
    auto journal = Journal::Open(path_);
    ASSERT_TRUE(journal->Made(planned));
    ASSERT_TRUE(journal->Made(web_));
  }
  EXPECT_EQ(Journal::Open(path_)->living(), std::vector{web_});
}

TEST_F(JournalTest, OpeningCompacts) {
  {
    auto journal = Journal::Open(path_);
    for (int i = 0; i < 100; ++i) {
      ASSERT_TRUE(journal->Made(job_));
      ASSERT_TRUE(journal->Gone("cell", "job-1"));
    }
    ASSERT_TRUE(journal->Made(web_));
  }
  ASSERT_TRUE(Journal::Open(path_));
  const std::string text = Text();
  EXPECT_EQ(text.find('\n'), text.size() - 1) << text;
}

TEST_F(JournalTest, ALongOneIsCompactedWhileItIsOpen) {
  const HostObject long_one{.kind = "cell", .id = std::string(50'000, 'x'), .process = {}};
  {
    auto journal = Journal::Open(path_);
    ASSERT_TRUE(journal->Made(web_));
    for (int i = 0; i < 100; ++i) {
      ASSERT_TRUE(journal->Made(long_one));
      ASSERT_TRUE(journal->Gone(long_one.kind, long_one.id));
    }
    ASSERT_TRUE(journal->Made(job_));
  }
  EXPECT_LT(std::filesystem::file_size(path_), 2U << 20);
  EXPECT_EQ(Journal::Open(path_)->living(), (std::vector{job_, web_}));
}

TEST_F(JournalTest, GoneOfAnUnknownObjectWritesNothing) {
  auto journal = Journal::Open(path_);
  ASSERT_TRUE(journal->Gone("cell", "never"));
  EXPECT_EQ(Text(), "");
}

TEST_F(JournalTest, ATornLastLineIsDroppedWhereverItTore) {
  {
    auto journal = Journal::Open(path_);
    ASSERT_TRUE(journal->Made(web_));
  }
  const std::string whole = Text();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    SetText(whole + whole.substr(0, length));
    auto journal = Journal::Open(path_);
    ASSERT_TRUE(journal) << "torn at " << length << ": " << journal.error().message;
    EXPECT_EQ(journal->living(), std::vector{web_});
  }
}

TEST_F(JournalTest, AnyChangedByteBeforeTheLastLineIsRefused) {
  {
    auto journal = Journal::Open(path_);
    ASSERT_TRUE(journal->Made(web_));
    ASSERT_TRUE(journal->Made(job_));
  }
  const std::string whole = Text();
  const std::size_t first_line = whole.find('\n') + 1;
  for (std::size_t at = 0; at < first_line; ++at) {
    std::string damaged = whole;
    damaged[at] ^= 1;
    SetText(damaged);
    const auto journal = Journal::Open(path_);
    ASSERT_FALSE(journal) << "byte " << at;
    EXPECT_EQ(journal.error().code, Errc::kInvalidArgument);
    EXPECT_NE(journal.error().message.find("line 1"), std::string::npos) << journal.error().message;
    EXPECT_EQ(Text(), damaged) << "evidence is kept";
  }
}

TEST_F(JournalTest, OnlyOneOwnerAtATime) {
  auto first = Journal::Open(path_);
  ASSERT_TRUE(first);
  const auto second = Journal::Open(path_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::kFailedPrecondition);
}

}  // namespace
}  // namespace strata::host
