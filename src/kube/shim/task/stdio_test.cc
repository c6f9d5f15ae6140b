#include "kube/shim/task/stdio.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/files/files.h"
#include "base/testing/temp_dir.h"

namespace strata::kube::shim {
namespace {

class StdioTest : public ::testing::Test {
 protected:
  std::string Fifo(const char* name) const {
    const std::string path = dir_.path() / name;
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    return path;
  }
  static std::string Read(const Fd& fd) {
    char buffer[64];
    const ssize_t size = ::read(fd.get(), buffer, sizeof(buffer));
    return size < 0 ? "nothing" : std::string(buffer, static_cast<std::size_t>(size));
  }

  const strata::testing::TempDir dir_;
};

TEST_F(StdioTest, NoNameIsNoDescriptor) {
  const auto stdio = Stdio::Open({});
  ASSERT_TRUE(stdio) << stdio.error().message;
  EXPECT_EQ(stdio->in(), -1);
  EXPECT_EQ(stdio->out(), -1);
  EXPECT_EQ(stdio->err(), -1);
}

TEST_F(StdioTest, AFifoThatNobodyReadsIsOpenedAndWrittenAllTheSame) {
  const auto stdio = Stdio::Open({.out = Fifo("out")});
  ASSERT_TRUE(stdio) << stdio.error().message;
  EXPECT_EQ(::write(stdio->out(), "x", 1), 1);
  EXPECT_EQ(::fcntl(stdio->out(), F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_WRONLY);
}

TEST_F(StdioTest, AReaderSeesTheEndOnceTheProgramAndWeHaveLetGo) {
  const std::string path = Fifo("out");
  auto stdio = Stdio::Open({.out = path});
  ASSERT_TRUE(stdio) << stdio.error().message;
  const auto reader = OpenFile(path, O_RDONLY | O_NONBLOCK);
  ASSERT_TRUE(reader);
  Fd program(::dup(stdio->out()));
  stdio->LetGo();
  ASSERT_EQ(::write(program.get(), "bye", 3), 3);
  EXPECT_EQ(Read(*reader), "bye");
  EXPECT_EQ(Read(*reader), "nothing");  // but not the end
  program.Reset();
  EXPECT_EQ(Read(*reader), "");
}

class InputTest : public StdioTest {
 protected:
  // Our end of the program's input, which is being filled.
  Fd Start(const std::string& path) {
    auto stdio = Stdio::Open({.in = path});
    EXPECT_TRUE(stdio) << stdio.error().message;
    EXPECT_EQ(::fcntl(stdio->in(), F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDONLY);
    Fd program(::dup(stdio->in()));
    EXPECT_EQ(::fcntl(program.get(), F_SETFL, O_NONBLOCK), 0);
    stdio->LetGo();
    input_ = Input::Start(loop_, *stdio);
    loop_.poll();
    return program;
  }
  // Lets the loop do what it can.
  std::string Next(const Fd& program) {
    loop_.restart();
    loop_.poll();
    return Read(program);
  }

  Loop loop_{1};
  std::shared_ptr<Input> input_;
};

TEST_F(InputTest, DoesNotEndBeforeItsWriterHasComeAndGone) {
  const std::string path = Fifo("in");
  const Fd program = Start(path);
  EXPECT_EQ(Next(program), "nothing");
  auto writer = OpenFile(path, O_WRONLY | O_NONBLOCK);
  ASSERT_TRUE(writer);
  EXPECT_EQ(Next(program), "nothing");
  ASSERT_EQ(::write(writer->get(), "typed", 5), 5);
  EXPECT_EQ(Next(program), "typed");
  writer->Reset();
  EXPECT_EQ(Next(program), "");
}

TEST_F(InputTest, EndsThoughNothingCame) {
  const std::string path = Fifo("in");
  const Fd program = Start(path);
  ASSERT_TRUE(OpenFile(path, O_WRONLY | O_NONBLOCK));
  EXPECT_EQ(Next(program), "");
}

TEST_F(InputTest, EndsWhenItIsClosed) {
  const Fd program = Start(Fifo("in"));
  input_->Close();
  EXPECT_EQ(Next(program), "");
}

TEST_F(InputTest, WhatWasWrittenArrivesBeforeItIsFinished) {
  const std::string path = Fifo("in");
  const Fd program = Start(path);
  const auto writer = OpenFile(path, O_WRONLY | O_NONBLOCK);
  ASSERT_TRUE(writer);
  ASSERT_EQ(::write(writer->get(), "typed", 5), 5);
  input_->Finish();
  EXPECT_EQ(Next(program), "typed");
  EXPECT_EQ(Next(program), "");
}

TEST_F(StdioTest, AFileIsAppendedTo) {
  const std::string path = dir_.path() / "log";
  for (int i = 0; i < 2; ++i) {
    const auto stdio = Stdio::Open({.out = "file://" + path});
    ASSERT_TRUE(stdio) << stdio.error().message;
    EXPECT_EQ(::write(stdio->out(), "line\n", 5), 5);
  }
  EXPECT_EQ(ReadFile(path, 1_KiB).value(), "line\nline\n");
}

TEST_F(StdioTest, WhatCannotBeOpenedIsRefused) {
  EXPECT_EQ(Stdio::Open({.out = "binary:///bin/logger"}).error().code, Errc::kUnsupported);
  EXPECT_EQ(Stdio::Open({.out = "relative"}).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(Stdio::Open({.in = dir_.path() / "missing"}).error().code, Errc::kNotFound);
  const std::string file = dir_.path() / "file";
  ASSERT_TRUE(WriteFileAtomic(file, "x"));
  EXPECT_EQ(Stdio::Open({.out = file}).error().code, Errc::kInvalidArgument);
}

TEST_F(StdioTest, ATerminalHasNoErrors) {
  const auto stdio = Stdio::Open({.out = Fifo("out"), .err = "ignored", .terminal = true});
  ASSERT_TRUE(stdio) << stdio.error().message;
  EXPECT_EQ(stdio->err(), -1);
}

}  // namespace
}  // namespace strata::kube::shim
