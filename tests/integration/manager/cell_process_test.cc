// Programs in a cell's place that are no cells: what the manager makes of them, and what is left.
#include "manager/cells/cell_process.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/files/files.h"
#include "integration/manager/cells_fixture.h"
#include "manager/cells/traces.h"

namespace strata::manager {
namespace {

class CellProcessTest : public CellsFixture, public CellListener {
 protected:
  Error StartFails() {
    auto started = Run(CellProcess::Start(context_, *this, "odd", "shop", {}));
    if (started) {
      ADD_FAILURE() << "it became a cell";
      (*started)->Kill();
      return {Errc::kInternal, ""};
    }
    return started.error();
  }

  // The end of a process is noticed after the failure of its start, when it was killed for that.
  void ExpectNothingIsLeft() {
    ASSERT_TRUE(testing::RunUntil(loop_, [this] { return !exits_.empty(); }));
    EXPECT_EQ(exits_.size(), 1U);
    ExpectNoTraces();
  }

  void ExpectNoTraces() {
    EXPECT_EQ(Journalled(), 0U);
    EXPECT_FALSE(std::filesystem::exists(dir_.cell_private("odd")));
    EXPECT_FALSE(std::filesystem::exists(dir_.cell_control("odd")));
  }

  std::vector<std::string> exits_;

 private:
  void OnExit(CellProcess&, const std::string& why) override { exits_.push_back(why); }
  void OnSandboxGone(CellProcess&, const std::string&, const std::string&) override {}
  void OnConnect(CellProcess&, cell::Connect) override {}
  void OnClient(CellProcess&, Fd) override {}
  Result<Fd> OpenModule(const std::string& key) override { return Fail(Errc::kNotFound, key); }
};

TEST_F(CellProcessTest, ACellThatNeverSaysReadyIsKilled) {
  UseScript("exec sleep 1000\n");
  const Error error = StartFails();
  EXPECT_EQ(error.code, Errc::kDeadlineExceeded) << error.message;
  EXPECT_NE(error.message.find("cell odd did not become ready"), std::string::npos)
      << error.message;
  ExpectNothingIsLeft();
}

TEST_F(CellProcessTest, ACellThatEndsBeforeItIsReadyIsNotWaitedFor) {
  UseScript("exit 3\n");
  const Error error = StartFails();
  EXPECT_EQ(error.code, Errc::kUnavailable) << error.message;
  ExpectNothingIsLeft();
}

TEST_F(CellProcessTest, ACellThatBreaksTheWiresRulesIsKilled) {
  UseScript("printf '\\005\\000\\000\\000hello' >&3\nexec sleep 1000\n");
  const Error error = StartFails();
  EXPECT_EQ(error.code, Errc::kUnavailable) << error.message;
  ExpectNothingIsLeft();
}

TEST_F(CellProcessTest, AProgramThatIsNotThereLeavesNothing) {
  options_.cell_program = shared_.path() + "/nowhere";
  const Error error = StartFails();
  EXPECT_NE(error.message.find("cell odd"), std::string::npos) << error.message;
  ExpectNoTraces();
}

TEST_F(CellProcessTest, ANamesakeOfALivingOneTakesNothingFromIt) {
  auto living = Run(CellProcess::Start(context_, *this, "odd", "shop", {}));
  ASSERT_TRUE(living.has_value()) << living.error().message;
  EXPECT_EQ(StartFails().code, Errc::kFailedPrecondition);
  EXPECT_EQ(Journalled(), 1U);
  EXPECT_EQ(journal_.living().front().process.pid, (*living)->pid());
  EXPECT_TRUE((*living)->ConnectPrivate().has_value());
  (*living)->Kill();
  ExpectNothingIsLeft();
}

TEST_F(CellProcessTest, ANewNameIsOneThatNobodyHas) {
  std::uint64_t next = 0;
  const std::string first = NewName(context_, kCellKind, "shop", next);
  ASSERT_TRUE(journal_.Made({std::string(kCellKind), first, {}}).has_value());
  std::uint64_t again = 0;  // of a manager that starts in the same second
  EXPECT_NE(NewName(context_, kCellKind, "shop", again), first);
}

TEST_F(CellProcessTest, ASocketThatCannotBeMadeLeavesNoOther) {
  const std::filesystem::path taken = dir_.cell_control("odd");
  ASSERT_TRUE(MakeDirectories(taken / "full").has_value());
  const Error error = StartFails();
  EXPECT_NE(error.message.find("odd.ctl"), std::string::npos) << error.message;
  EXPECT_EQ(Journalled(), 0U);
  EXPECT_FALSE(std::filesystem::exists(dir_.cell_private("odd")));
}

}  // namespace
}  // namespace strata::manager
