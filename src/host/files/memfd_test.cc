#include "host/files/memfd.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "base/files/files.h"
#include "host/process/process.h"

namespace strata::host {
namespace {

TEST(MemfdTest, ASealedFileKeepsItsContentForEver) {
  const std::string content(10'000, 'x');
  auto fd = MakeSealedMemfd("code", AsBytes(content));
  ASSERT_TRUE(fd) << fd.error().message;
  EXPECT_EQ(*VerifySealedMemfd(fd->get()), Bytes{10'000});
  EXPECT_LT(::write(fd->get(), "y", 1), 0);
  EXPECT_NE(::ftruncate(fd->get(), 0), 0);
  EXPECT_NE(::ftruncate(fd->get(), 20'000), 0);
  EXPECT_EQ(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd->get(), 0), MAP_FAILED);
  const auto mapping = MapSealedMemfd(fd->get());
  ASSERT_TRUE(mapping) << mapping.error().message;
  EXPECT_EQ(AsText(mapping->bytes()), content);
}

TEST(MemfdTest, AMappingOutlivesItsDescriptorAndAMove) {
  auto fd = MakeSealedMemfd("code", AsBytes("abc"));
  auto mapping = MapSealedMemfd(fd->get());
  ASSERT_TRUE(mapping);
  fd->Reset();
  const Mapping moved = std::move(*mapping);
  EXPECT_EQ(AsText(moved.bytes()), "abc");
  EXPECT_TRUE(mapping->bytes().empty());
}

TEST(MemfdTest, CodeInItCanBeMappedToRun) {  // the wasm engine does
  auto fd = MakeSealedMemfd("code", AsBytes("\xc3"));
  void* start = ::mmap(nullptr, 1, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd->get(), 0);
  ASSERT_NE(start, MAP_FAILED);
  ::munmap(start, 1);
}

TEST(MemfdTest, AnEmptyFileMapsToNothing) {
  auto fd = MakeSealedMemfd("empty", {});
  ASSERT_TRUE(fd);
  const auto mapping = MapSealedMemfd(fd->get());
  ASSERT_TRUE(mapping);
  EXPECT_TRUE(mapping->bytes().empty());
}

TEST(MemfdTest, WhatIsNotFullySealedIsRefused) {
  auto open = MakeMemfd("open");
  ASSERT_TRUE(open);
  ASSERT_TRUE(WriteAll(open->get(), "x"));
  const Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  auto partly = MakeMemfd("partly");
  ASSERT_EQ(::fcntl(partly->get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK), 0);
  for (const int fd : {open->get(), null.get(), partly->get(), -1}) {
    const auto size = VerifySealedMemfd(fd);
    ASSERT_FALSE(size);
    EXPECT_EQ(size.error().code, Errc::kInvalidArgument);
    EXPECT_FALSE(MapSealedMemfd(fd));
  }
}

TEST(MemfdTest, SealingFailsWhileSomebodyCanStillWrite) {
  auto fd = MakeMemfd("x");
  ASSERT_EQ(::ftruncate(fd->get(), 4096), 0);
  void* writable = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd->get(), 0);
  ASSERT_NE(writable, MAP_FAILED);
  const auto sealed = SealMemfd(fd->get());
  ASSERT_FALSE(sealed);
  EXPECT_EQ(sealed.error().code, Errc::kFailedPrecondition);
  ::munmap(writable, 4096);
  EXPECT_TRUE(SealMemfd(fd->get()));
}

TEST(MemfdTest, ASealedProgramRunsAndCannotBeWritten) {
  const auto bytes = ReadFile("/bin/true", 16_MiB);
  ASSERT_TRUE(bytes.has_value());
  const auto program = MakeSealedProgram("true", AsBytes(*bytes));
  ASSERT_TRUE(program.has_value()) << program.error().message;
  EXPECT_TRUE(VerifySealedMemfd(program->get()).has_value());
  EXPECT_LT(::write(program->get(), "x", 1), 0);
  const std::string path = "/proc/self/fd/" + std::to_string(program->get());
  const auto ran = RunToEnd({.program = path}, std::chrono::seconds(10), 1_KiB);
  ASSERT_TRUE(ran.has_value()) << ran.error().message;
  EXPECT_TRUE(ran->status.success());
}

}  // namespace
}  // namespace strata::host
