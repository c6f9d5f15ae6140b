// A program beside a service's server, as the manager has it: messages about it to its keeper.
#include <chrono>
#include <utility>

#include "host/process/terminal.h"
#include "manager/keepers/keeper_process.h"

namespace strata::manager {
namespace {

constexpr std::chrono::hours kLongestProgram{24};

}  // namespace

class KeeperProcess::Program final : public sandbox::Execution {
 public:
  Program(std::shared_ptr<KeeperProcess> keeper, keeper::Exec what, std::vector<Fd> fds)
      : keeper_(std::move(keeper)), id_(what.id), what_(std::move(what)), fds_(std::move(fds)) {}

  Task<int> Wait() override {
    const auto keeper = keeper_;
    const auto id = id_;
    auto done = co_await keeper->AwaitDone(id, std::move(what_), std::move(fds_), kLongestProgram);
    if (!done) {
      keeper->Tell(keeper::EndExec{id});  // it may be running all the same
      co_return std::unexpected(std::move(done).error());
    }
    co_return static_cast<int>(done->status);
  }

  void Resize(host::TerminalSize size) noexcept override {
    keeper_->Tell(keeper::ResizeExec{.id = id_, .rows = size.rows, .columns = size.columns});
  }

  void End() noexcept override { keeper_->Tell(keeper::EndExec{id_}); }

 private:
  const std::shared_ptr<KeeperProcess> keeper_;
  const std::uint64_t id_;
  keeper::ToKeeper what_;
  std::vector<Fd> fds_;
};

std::shared_ptr<sandbox::Execution> KeeperProcess::MakeProgram(keeper::Exec what,
                                                               std::vector<Fd> fds) {
  what.id = next_request_++;
  return std::make_shared<Program>(shared_from_this(), std::move(what), std::move(fds));
}

// A keeper that is gone has ended its programs.
void KeeperProcess::Tell(const keeper::ToKeeper& message) { static_cast<void>(Post(message)); }

}  // namespace strata::manager
