// sandbox/fake/sandbox.h - plays its image's script to every call.
//
//   FakeImage::Create --> [ FakeSandbox ] --Invoke--> http::Exchange of the call
//
// A call is a sequence of 1 ms turns; between two of them it notices Stop, the deadline and the
// client, as the real driver does. A turn of "spin" counts as 1 ms of CPU.
//
// Threads:  one loop; one call at a time. Lifetime: it keeps its image; a call is borrowed until
//           its Invoke has ended, and no sandbox is destroyed before.
// Errors:   as driver.h says of Invoke; what a script does wrong is an Exit. Tested by
//           driver_test.cc.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "sandbox/driver.h"
#include "sandbox/fake/image.h"

namespace strata::sandbox::fake {

class FakeSandbox final : public Sandbox {
 public:
  FakeSandbox(std::shared_ptr<const FakeImage> image, const Spec& spec);
  ~FakeSandbox() override;

  Task<model::Exit> Invoke(Call& call) override;
  Task<TypedResult> InvokeExport(std::string_view name, std::span<const Value> arguments,
                                 TimePoint deadline) override;
  void Stop() noexcept override;
  [[nodiscard]] model::Usage usage() const override { return total_; }
  [[nodiscard]] bool holder_lost() const override {
    return image_->script().action == Action::kLose;
  }

 private:
  enum class Wants : std::uint8_t { kNothing, kReadable, kWritable };
  // Why a call ended early; empty while it goes on.
  using Fate = std::optional<model::Exit>;

  Awaitable<Fate> Play(Call& call);
  [[nodiscard]] std::string Environment(const Call& call) const;
  Awaitable<Fate> Answer(Call& call, http::ResponseHead head, std::string_view body);
  Awaitable<Fate> Write(Call& call, std::string_view bytes);
  Awaitable<Fate> Echo(Call& call);
  Awaitable<Fate> Spin(Call& call);
  // Waits for a millisecond, or for the body if that comes first; then looks for reasons to end.
  Awaitable<Fate> Turn(Call& call, Wants wants = Wants::kNothing);

  std::shared_ptr<const FakeImage> image_;
  const Spec spec_;
  Timer timer_;
  bool running_ = false;
  bool over_ = false;
  int calls_ = 0;
  TimePoint due_;  // of the running call
  model::Usage current_;
  model::Usage total_;
};

}  // namespace strata::sandbox::fake
