// What the kernel says of a cell that serves: user, capabilities, filters, descriptors.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "cell/wire/codec.h"
#include "support/cell_harness.h"

namespace strata {
namespace {

using testing::AnsweringModule;
using testing::CompileModule;
using testing::HttpClient;
using testing::TestCell;

// The fields of /proc/<pid>/status.
std::map<std::string, std::string> StatusOf(pid_t pid) {
  std::map<std::string, std::string> fields;
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(":\t");
    if (colon != std::string::npos) fields[line.substr(0, colon)] = line.substr(colon + 2);
  }
  return fields;
}

TEST(CellProcessTest, HasNoPrivilegesAndCannotGetAny) {
  auto hello = CompileModule(AnsweringModule("hello"));
  ASSERT_TRUE(hello.has_value()) << hello.error().message;
  TestCell cell;
  ASSERT_TRUE(cell.Start().has_value());
  ASSERT_TRUE(cell.AddModule("k", hello->code).has_value());
  ASSERT_TRUE(cell.Configure({TestCell::MakeFunction("hello", "k")}).has_value());
  ASSERT_EQ(HttpClient(cell.port()).Get("/hello")->status, 200);

  auto status = StatusOf(cell.pid());
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
    EXPECT_EQ(status[set], "0000000000000000") << set;
  }
  EXPECT_EQ(status["NoNewPrivs"], "1");
  EXPECT_EQ(status["Seccomp"], "2");  // a filter
  EXPECT_EQ(status["Threads"], "1");
  if (::geteuid() == 0) {
    EXPECT_FALSE(status["Uid"].starts_with("0\t")) << status["Uid"];
    EXPECT_EQ(status["Groups"], " ");
    // The files of a process that is not dumpable belong to root, whoever it runs as.
    struct stat owner{};
    ASSERT_EQ(::stat(("/proc/" + std::to_string(cell.pid()) + "/environ").c_str(), &owner), 0);
    EXPECT_EQ(owner.st_uid, 0u);
    // Its network namespace is not ours, and it has no interface but the loopback.
    const auto ours = std::filesystem::read_symlink("/proc/self/ns/net");
    const auto its =
        std::filesystem::read_symlink("/proc/" + std::to_string(cell.pid()) + "/ns/net");
    EXPECT_NE(ours, its);
  }
}

// Asks to adopt the cell with plain system calls: a forked child must not touch its parent's loop.
bool AnswersAdoption(const std::string& control) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  control.copy(address.sun_path, sizeof(address.sun_path) - 1);
  const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    ::_exit(3);
  }
  const std::string text = cell::Encode(cell::ToCell(cell::Adopt{"test-instance"}));
  const std::string frame = std::string{static_cast<char>(text.size()), 0, 0, 0} + text;
  // The cell may have closed the connection already, which is the answer that is wanted.
  (void)::send(socket.get(), frame.data(), frame.size(), MSG_NOSIGNAL);
  char byte = 0;
  return ::recv(socket.get(), &byte, 1, 0) > 0;
}

TEST(CellProcessTest, IsNotAdoptedByAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to be another user";
  TestCell cell;
  ASSERT_TRUE(cell.Start().has_value());
  // The socket's mode would keep the other user out; this shows that the cell does, too.
  const std::filesystem::path control = cell.control_path();
  std::filesystem::permissions(control.parent_path(), std::filesystem::perms::all);
  std::filesystem::permissions(control, std::filesystem::perms::all);
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr uid_t kNobody = 65534;
    if (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0) ::_exit(1);
    ::_exit(AnswersAdoption(control) ? 2 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status)) << status;
  EXPECT_EQ(WEXITSTATUS(status), 0);
  // The manager it has is still obeyed.
  EXPECT_TRUE(cell.Send(cell::GetStats{}).has_value());
  EXPECT_TRUE(cell.Expect<cell::Stats>().has_value());
}

TEST(CellProcessTest, HoldsNoDescriptorThatNobodyGaveIt) {
  if (::geteuid() != 0) GTEST_SKIP() << "a cell's descriptors are hidden from its own user";
  TestCell cell;
  ASSERT_TRUE(cell.Start().has_value());
  for (const auto& entry :
       std::filesystem::directory_iterator("/proc/" + std::to_string(cell.pid()) + "/fd")) {
    std::error_code gone;
    const std::string target = std::filesystem::read_symlink(entry.path(), gone);
    const bool file = target.starts_with("/") && target != "/dev/null";
    const bool stderr_of_the_test = entry.path().filename() == "2";
    EXPECT_TRUE(!file || stderr_of_the_test || target.starts_with("/memfd:"))
        << entry.path().filename() << " is " << target;
  }
}

}  // namespace
}  // namespace strata
