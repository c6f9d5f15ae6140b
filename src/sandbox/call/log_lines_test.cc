#include "sandbox/call/log_lines.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace strata::sandbox {
namespace {

class Recorder final : public LogSink {
 public:
  void Write(Stream, std::string_view text) override { lines.emplace_back(text); }
  std::vector<std::string> lines;
};

TEST(LogLinesTest, JoinsPiecesAndSplitsAtNewlines) {
  Recorder recorder;
  LogLines lines(&recorder, Stream::kStdout);
  lines.Write("he");
  lines.Write("llo\nwor");
  lines.Write("ld\n\n");
  EXPECT_EQ(recorder.lines, (std::vector<std::string>{"hello", "world", ""}));
}

TEST(LogLinesTest, TheDestructorHandsOverAnUnfinishedLine) {
  Recorder recorder;
  {
    LogLines(&recorder, Stream::kStderr).Write("no newline");
  }
  EXPECT_EQ(recorder.lines, std::vector<std::string>{"no newline"});
}

TEST(LogLinesTest, CutsALineThatNeverEnds) {
  Recorder recorder;
  LogLines lines(&recorder, Stream::kStdout);
  lines.Write(std::string(20'000, 'x'));
  lines.Flush();
  ASSERT_EQ(recorder.lines.size(), 3U);
  EXPECT_EQ(recorder.lines[0].size(), 8192U);
  EXPECT_EQ(recorder.lines[2].size(), 20'000U - 2 * 8192);
}

TEST(LogLinesTest, WithoutASinkNothingIsKept) { LogLines(nullptr, Stream::kStdout).Write("x\ny"); }

}  // namespace
}  // namespace strata::sandbox
