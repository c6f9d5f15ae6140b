#include "tests/contract/warmed.h"

#include <chrono>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "sandbox/testing/call_fixture.h"

namespace strata::sandbox::contract {
namespace {

class WarmedSandbox final : public Sandbox {
 public:
  explicit WarmedSandbox(std::unique_ptr<Sandbox> inner) : inner_(std::move(inner)) {}

  Task<model::Exit> Invoke(Call& call) override {
    const bool first = !std::exchange(called_, true);
    auto exit = co_await inner_->Invoke(call);
    if (exit) {
      EXPECT_EQ(exit->warm, first);
    }
    co_return exit;
  }
  Task<TypedResult> InvokeExport(std::string_view name, std::span<const Value> arguments,
                                 TimePoint deadline) override {
    co_return co_await inner_->InvokeExport(name, arguments, deadline);
  }
  void Stop() noexcept override { inner_->Stop(); }
  [[nodiscard]] model::Usage usage() const override { return inner_->usage(); }

 private:
  std::unique_ptr<Sandbox> inner_;
  bool called_ = false;
};

class WarmedImage final : public Image {
 public:
  WarmedImage(Loop& loop, std::shared_ptr<Image> inner) : loop_(loop), inner_(std::move(inner)) {}
  [[nodiscard]] model::GuestKind kind() const noexcept override { return inner_->kind(); }
  [[nodiscard]] std::vector<Export> exports() const override { return inner_->exports(); }
  Task<void> Warm() override { co_return co_await inner_->Warm(); }
  Result<std::unique_ptr<Sandbox>> Create(const Spec& spec) override {
    auto made = inner_->Create(spec);
    if (!made) return made;
    const auto held = testing::CallFixture::RunTask(loop_, (*made)->Warm());
    EXPECT_TRUE(held.has_value()) << held.error().message;
    EXPECT_TRUE(!held || held->count > 0);
    loop_.restart();
    return std::make_unique<WarmedSandbox>(std::move(*made));
  }

 private:
  Loop& loop_;
  std::shared_ptr<Image> inner_;
};

class WarmedDriver final : public Driver {
 public:
  WarmedDriver(Loop& loop, std::unique_ptr<Driver> inner) : loop_(loop), inner_(std::move(inner)) {}
  [[nodiscard]] std::string_view name() const noexcept override { return inner_->name(); }
  Result<void> Probe() override { return inner_->Probe(); }
  Result<std::shared_ptr<Image>> Prepare(Fd prepared) override {
    auto image = inner_->Prepare(std::move(prepared));
    if (!image) return image;
    return std::make_shared<WarmedImage>(loop_, std::move(*image));
  }

 private:
  Loop& loop_;
  std::unique_ptr<Driver> inner_;
};

class WarmedHarness final : public Harness {
 public:
  explicit WarmedHarness(std::unique_ptr<Harness> inner) : inner_(std::move(inner)) {}
  std::unique_ptr<Driver> MakeDriver(Loop& loop, const Clock& clock,
                                     std::uint32_t max_sandboxes) override {
    auto driver = inner_->MakeDriver(loop, clock, max_sandboxes);
    if (!driver) return nullptr;
    return std::make_unique<WarmedDriver>(loop, std::move(driver));
  }
  Result<Fd> Artifact(Guest guest) override { return inner_->Artifact(guest); }
  std::string Missing() override { return inner_->Missing(); }
  std::filesystem::path scratch_root() const override { return inner_->scratch_root(); }
  void Settle(Driver& driver) override { inner_->Settle(driver); }
  Bytes least_memory() const override { return inner_->least_memory(); }
  Beside beside_the_guest() const override { return inner_->beside_the_guest(); }
  std::chrono::milliseconds head_start() const override { return inner_->head_start(); }
  bool has_tables() const override { return inner_->has_tables(); }
  bool connects() const override { return inner_->connects(); }
  bool mounts(const model::DirGrant& dir) const override { return inner_->mounts(dir); }
  int ErrnoOf(int status) const override { return inner_->ErrnoOf(status); }
  bool shares_volumes() const override { return inner_->shares_volumes(); }
  model::Grants impossible_grants() const override { return inner_->impossible_grants(); }

 private:
  std::unique_ptr<Harness> inner_;
};

}  // namespace

std::unique_ptr<Harness> Warmed(std::unique_ptr<Harness> inner) {
  return std::make_unique<WarmedHarness>(std::move(inner));
}

std::unique_ptr<Harness> MakeWarmedContainerHarness() { return Warmed(MakeContainerHarness()); }
std::unique_ptr<Harness> MakeWarmedAppkernelHarness() { return Warmed(MakeAppkernelHarness()); }
std::unique_ptr<Harness> MakeWarmedMicrovmHarness() { return Warmed(MakeMicrovmHarness()); }

}  // namespace strata::sandbox::contract
