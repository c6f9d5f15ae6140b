#include "sandbox/remote/driver.h"

#include <sys/socket.h>

#include <memory>
#include <utility>

#include "host/process/pipe.h"
#include "sandbox/remote/call.h"
#include "sandbox/remote/codec.h"
#include "sandbox/spec_check.h"
#include "wire/channel.h"

namespace strata::sandbox::remote {
namespace {

// The way to one image in the keeper.
struct ImageLine {
  Loop& loop;
  const Clock& clock;
  wire::Channel channel;
};

class RemoteSandbox final : public Sandbox {
 public:
  RemoteSandbox(std::shared_ptr<ImageLine> line, const Spec& spec)
      : line_(std::move(line)), spec_(spec) {}

  Task<model::Exit> Invoke(Call& call) override;
  Task<TypedResult> InvokeExport(std::string_view, std::span<const Value>, TimePoint) override {
    co_return Fail(Errc::kUnsupported, "only bare WebAssembly modules have typed exports");
  }
  void Stop() noexcept override {
    over_ = true;
    if (running_ != nullptr) running_->Stop();
  }
  [[nodiscard]] model::Usage usage() const override { return total_; }
  [[nodiscard]] bool holder_lost() const override { return lost_; }

 private:
  Result<void> OpenThere();
  void Settle(const Result<model::Exit>& exit);

  std::shared_ptr<ImageLine> line_;
  const Spec spec_;
  std::unique_ptr<wire::Channel> own_;  // null before the first call
  RemoteCall* running_ = nullptr;
  bool over_ = false;
  bool lost_ = false;  // the keeper is
  model::Usage total_;
};

Result<void> RemoteSandbox::OpenThere() {
  auto pair = host::MakeSocketPair(SOCK_STREAM);
  if (!pair) return std::unexpected(std::move(pair).error());
  own_ = std::make_unique<wire::Channel>(line_->loop, std::move(pair->ours));
  wire::Frame frame{Encode(ToServer(Open{spec_.id})), {}};
  frame.fds.push_back(std::move(pair->theirs));
  return line_->channel.Post(std::move(frame));
}

Task<model::Exit> RemoteSandbox::Invoke(Call& call) {
  if (running_ != nullptr || over_) {
    co_return Fail(Errc::kFailedPrecondition,
                   "sandbox " + spec_.id + (over_ ? " has ended" : " is running a call"));
  }
  if (!own_) {
    if (auto opened = OpenThere(); !opened) {
      lost_ = opened.error().code == Errc::kUnavailable;
      co_return std::unexpected(std::move(opened).error());
    }
  }
  RemoteCall running(line_->loop, line_->clock, *own_, spec_, call);
  running_ = &running;
  auto exit = co_await running.Run();
  running_ = nullptr;
  lost_ = running.keeper_lost();
  Settle(exit);
  co_return exit;
}

void RemoteSandbox::Settle(const Result<model::Exit>& exit) {
  if (!exit || exit->reason != model::ExitReason::kReturned) over_ = true;
  if (!exit) return;
  total_ += exit->usage;
}

class RemoteImage final : public Image {
 public:
  explicit RemoteImage(std::shared_ptr<ImageLine> line) : line_(std::move(line)) {}

  [[nodiscard]] model::GuestKind kind() const noexcept override {
    return model::GuestKind::kCommand;
  }
  [[nodiscard]] std::vector<Export> exports() const override { return {}; }

  Result<std::unique_ptr<Sandbox>> Create(const Spec& spec) override {
    if (auto id = CheckId(spec.id); !id) return std::unexpected(std::move(id).error());
    return std::make_unique<RemoteSandbox>(line_, spec);
  }

 private:
  std::shared_ptr<ImageLine> line_;
};

}  // namespace

Result<std::shared_ptr<Image>> RemoteDriver::Prepare(Fd line) {
  int type = 0;
  socklen_t size = sizeof(type);
  if (::getsockopt(line.get(), SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM) {
    return Fail(Errc::kInvalidArgument, "remote image: no stream socket");
  }
  std::shared_ptr<ImageLine> shared(
      new ImageLine{loop_, clock_, wire::Channel(loop_, std::move(line))});
  return std::make_shared<RemoteImage>(std::move(shared));
}

}  // namespace strata::sandbox::remote
