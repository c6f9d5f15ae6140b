// With a cell that the test speaks for; with real ones: tests/integration/manager.
#include "manager/cells/cell_process.h"

#include <unistd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files/files.h"
#include "manager/testing/fake_cell.h"
#include "manager/testing/parts_fixture.h"

namespace strata::manager {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class CellProcessTest : public PartsFixture, public CellListener {
 protected:
  void SetUp() override {
    PartsFixture::SetUp();
    fake_ = std::make_unique<FakeCell>(parts_->context, "shop-1", "shop");
    fake_->state.generation = 1;
    fake_->state.functions = {{"shop", "a", 1, "wasm", false, ""}};
  }

  Result<std::shared_ptr<CellProcess>> Adopt() {
    return Run(CellProcess::Adopt(parts_->context, *this, fake_->noted()));
  }

  // Its process has been killed.
  bool Ended() const {
    const auto status =
        ReadFile("/proc/" + std::to_string(fake_->noted().process.pid) + "/stat", 4_KiB);
    return !status || status->find(") Z ") != std::string::npos;
  }

  // Who has the cell of "shop" makes it say that to the next manager.
  void ExpectRefusedAs(const std::string& tenant) {
    if (::geteuid() != 0) GTEST_SKIP() << "without root all cells are one user's";
    fake_->state.tenant = tenant;
    fake_->state.functions.clear();
    const auto adopted = Adopt();
    ASSERT_FALSE(adopted.has_value());
    EXPECT_EQ(adopted.error().code, Errc::kPermissionDenied) << adopted.error().message;
  }

  std::unique_ptr<FakeCell> fake_;
  std::vector<std::string> gone_;  // sandboxes

 private:
  void OnExit(CellProcess&, const std::string&) override {}
  void OnSandboxGone(CellProcess&, const std::string& id, const std::string&) override {
    gone_.push_back(id);
  }
  void OnConnect(CellProcess&, cell::Connect) override {}
  void OnClient(CellProcess&, Fd) override {}
  Result<Fd> OpenModule(const std::string& key) override { return Fail(Errc::kNotFound, key); }
};

TEST_F(CellProcessTest, TheEndOfASandboxThatItNeverHadIsNoNews) {
  const auto adopted = Adopt();
  ASSERT_TRUE(adopted.has_value()) << adopted.error().message;
  CellProcess& cell = **adopted;
  ASSERT_TRUE(Run(cell.DeleteSandbox("somebody-elses")).has_value());
  ASSERT_TRUE(Run(cell.CreateSandbox("sb-1", 0)).has_value());  // answered after that
  EXPECT_THAT(gone_, IsEmpty());
  ASSERT_TRUE(Run(cell.DeleteSandbox("sb-1")).has_value());
  ASSERT_TRUE(Run(cell.CreateSandbox("sb-2", 0)).has_value());
  EXPECT_THAT(gone_, ElementsAre("sb-1"));
}

TEST_F(CellProcessTest, OneThatDoesNotReadWhatItAskedForIsKilled) {
  const auto adopted = Adopt();
  ASSERT_TRUE(adopted.has_value()) << adopted.error().message;
  // The loop does not run meanwhile, so nothing is read.
  for (std::uint64_t i = 0; i < 100'000 && !Ended(); ++i) {
    (*adopted)->AnswerConnect(i, Fail(Errc::kPermissionDenied, "no"));
  }
  EXPECT_TRUE(Ended());
}

TEST_F(CellProcessTest, ATenantsCellIsNotAnotherTenants) { ExpectRefusedAs("bank"); }
TEST_F(CellProcessTest, ATenantsCellIsNoFront) { ExpectRefusedAs(""); }

}  // namespace
}  // namespace strata::manager
