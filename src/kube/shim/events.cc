#include "kube/shim/events.h"

#include <chrono>
#include <cstddef>
#include <utility>

#include "base/async/pause.h"

namespace strata::kube::shim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kMaxWaiting = 10'000;
constexpr seconds kPatience{5};
constexpr milliseconds kAgain{250};

}  // namespace

void SetTime(google::protobuf::Timestamp& timestamp, WallTime time) {
  const auto since = time.time_since_epoch();
  const auto whole = std::chrono::floor<seconds>(since);
  timestamp.set_seconds(whole.count());
  timestamp.set_nanos(static_cast<std::int32_t>((since - whole).count()));
}

void Events::Publish(const std::string& containerd_namespace, const char* topic, const char* type,
                     const google::protobuf::MessageLite& event) {
  forward_api::ForwardRequest forward;
  auto* envelope = forward.mutable_envelope();
  SetTime(*envelope->mutable_timestamp(), clock_.WallNow());
  envelope->set_namespace_(containerd_namespace);
  envelope->set_topic(topic);
  envelope->mutable_event()->set_type_url(std::string("containerd.events.") + type);
  envelope->mutable_event()->set_value(event.SerializeAsString());
  if (queue_.size() >= kMaxWaiting) {
    queue_.pop_front();
    ++dropped_;
  }
  queue_.push_back({.service = "containerd.services.events.ttrpc.v1.Events",
                    .method = "Forward",
                    .payload = forward.SerializeAsString(),
                    .timeout = kPatience,
                    .containerd_namespace = containerd_namespace});
  if (!std::exchange(sending_, true)) Spawn(loop_, Send());
}

Awaitable<void> Events::Send() {
  while (!queue_.empty()) {
    ttrpc::Request next = std::move(queue_.front());
    queue_.pop_front();
    for (;;) {
      const ttrpc::Reply sent = co_await containerd_.Call(next);
      if (sent) break;
      // Refused: it will not be taken the next time either.
      const bool away =
          sent.error().code == Errc::kUnavailable || sent.error().code == Errc::kDeadlineExceeded;
      if (!away) {
        ++dropped_;
        break;
      }
      co_await Pause(loop_, kAgain);
    }
  }
  sending_ = false;
}

}  // namespace strata::kube::shim
