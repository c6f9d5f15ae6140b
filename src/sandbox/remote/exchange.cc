#include "sandbox/remote/exchange.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/text/byte_view.h"
#include "sandbox/remote/codec.h"

namespace strata::sandbox::remote {
namespace {

constexpr std::size_t kFixedTexts = 5;  // method, target, host, scheme, peer

}  // namespace

RemoteExchange::RemoteExchange(Loop& loop, wire::Channel& channel, Begin begin)
    : channel_(channel), begin_(std::move(begin)), readable_(loop), writable_(loop) {
  const std::vector<std::string>& texts = begin_.texts;
  if (!Check()) return;
  head_.method = texts[0];
  head_.target = texts[1];
  const std::size_t mark = std::min(head_.target.find('?'), head_.target.size());
  head_.path = head_.target.substr(0, mark);
  head_.query = head_.target.substr(std::min(mark + 1, head_.target.size()));
  head_.host = texts[2];
  head_.scheme = texts[3];
  head_.peer = texts[4];
  if (begin_.has_length) head_.content_length = begin_.length;
  for (std::size_t i = kFixedTexts; i < texts.size(); i += 2) {
    headers_.push_back({texts[i], texts[i + 1]});
  }
  head_.headers = headers_;
}

Result<void> RemoteExchange::Check() const {
  const std::size_t count = begin_.texts.size();
  if (count >= kFixedTexts && (count - kFixedTexts) % 2 == 0) return {};
  return Fail(Errc::kInvalidArgument, "the head is no request's");
}

Result<void> RemoteExchange::Take(Input input) {
  if (ended_ || pending_.size() + input.bytes.size() > kWindow) {
    return Fail(Errc::kInvalidArgument, "more body than it has credit for");
  }
  pending_ += input.bytes;
  readable_.Wake();
  return {};
}

void RemoteExchange::Take(InputEnd) {
  ended_ = true;
  readable_.Wake();
}

void RemoteExchange::Take(Credit credit) {
  credit_ = std::min(credit_ + std::min(credit.bytes, kWindow), kWindow);
  writable_.Wake();
}

void RemoteExchange::Break() {
  broken_ = true;
  readable_.Wake();
  writable_.Wake();
}

Result<void> RemoteExchange::Whole() const {
  if (broken_) return Fail(Errc::kUnavailable, "the caller is gone");
  return {};
}

Result<std::size_t> RemoteExchange::TryRead(std::span<std::byte> to) {
  if (auto whole = Whole(); !whole) return std::unexpected(std::move(whole).error());
  const std::size_t count = std::min(to.size(), pending_.size());
  if (count == 0) return std::size_t{0};
  std::memcpy(to.data(), pending_.data(), count);
  pending_.erase(0, count);
  auto credited = channel_.Post({Encode(ToClient(Credit{static_cast<std::uint32_t>(count)})), {}});
  if (!credited) return std::unexpected(std::move(credited).error());
  return count;
}

Task<void> RemoteExchange::Readable() {
  if (pending_.empty() && !ended_ && !broken_) co_await readable_.Wait();
  co_return Whole();
}

Result<void> RemoteExchange::Head(http::ResponseHead head) {
  if (auto whole = Whole(); !whole) return whole;
  if (std::exchange(head_sent_, true)) return Fail(Errc::kFailedPrecondition, "a second head");
  Respond respond{.status = head.status, .texts = {}};
  for (auto& [name, value] : head.headers) {
    if (name.find('\0') != std::string::npos || value.find('\0') != std::string::npos) {
      return Fail(Errc::kInvalidArgument, "a field holds a zero byte");
    }
    respond.texts.push_back(std::move(name));
    respond.texts.push_back(std::move(value));
  }
  return channel_.Post({Encode(ToClient(std::move(respond))), {}});
}

Result<std::size_t> RemoteExchange::TryWrite(std::span<const std::byte> from) {
  if (auto whole = Whole(); !whole) return std::unexpected(std::move(whole).error());
  const std::size_t count = std::min<std::size_t>(credit_, from.size());
  if (count == 0) return std::size_t{0};
  auto sent = channel_.Post({Encode(ToClient(Output{std::string(AsText(from.first(count)))})), {}});
  if (!sent) return std::unexpected(std::move(sent).error());
  credit_ -= static_cast<std::uint32_t>(count);
  return count;
}

Task<void> RemoteExchange::Writable() {
  if (credit_ == 0 && !broken_) co_await writable_.Wait();
  co_return Whole();
}

}  // namespace strata::sandbox::remote
