#include "route/answer/mirror.h"

#include <algorithm>
#include <cstring>

namespace strata::route {

void AnswerSeen::Add(std::span<const std::byte> bytes) noexcept {
  length += bytes.size();
  for (const std::byte byte : bytes) {
    hash = HashStep(hash, std::to_integer<unsigned char>(byte));
  }
}

RequestCopy::RequestCopy(const http::RequestHead& head)
    : method_(head.method),
      target_(head.target),
      host_(head.host),
      scheme_(head.scheme),
      peer_(head.peer),
      head_(head) {
  fields_.reserve(head.headers.size());
  for (const auto& [name, value] : head.headers) fields_.emplace_back(name, value);
  headers_.reserve(fields_.size());
  for (const auto& [name, value] : fields_) headers_.push_back({name, value});
  const std::string_view target = target_;
  head_.method = method_;
  head_.target = target;
  head_.path = target.substr(0, head.path.size());
  head_.query = head.query.empty() ? std::string_view() : target.substr(head.path.size() + 1);
  head_.host = host_;
  head_.scheme = scheme_;
  head_.peer = peer_;
  head_.headers = headers_;
}

Result<std::size_t> CopyingExchange::Body::TryRead(std::span<std::byte> to) {
  auto read = from_.TryRead(to);
  if (!read || too_long_) return read;
  too_long_ = copy_.body.size() + *read > kMirrorBody.count;
  if (!too_long_) copy_.body.append(reinterpret_cast<const char*>(to.data()), *read);
  return read;
}

Result<void> CopyingExchange::Sink::Head(http::ResponseHead head) {
  const std::uint16_t status = head.status;
  auto sent = to_.Head(std::move(head));
  if (sent) seen_.status = status;
  return sent;
}

Result<std::size_t> CopyingExchange::Sink::TryWrite(std::span<const std::byte> from) {
  auto written = to_.TryWrite(from);
  if (written) seen_.Add(from.first(*written));
  return written;
}

void CopyingExchange::Sink::Abort() noexcept {
  seen_.whole = false;
  to_.Abort();
}

Result<void> ShadowExchange::LimitBody(Bytes limit) {
  if (copy_.body.size() <= limit.count) return {};
  return Fail(Errc::kResourceExhausted, "the body is longer than the function takes");
}

Result<std::size_t> ShadowExchange::Body::TryRead(std::span<std::byte> to) {
  const std::size_t count = std::min(to.size(), text_.size() - at_);
  std::memcpy(to.data(), text_.data() + at_, count);
  at_ += count;
  return count;
}

Result<void> ShadowExchange::Sink::Head(http::ResponseHead head) {
  if (head_sent()) return Fail(Errc::kFailedPrecondition, "the head was sent already");
  seen.status = head.status;
  return {};
}

Result<std::size_t> ShadowExchange::Sink::TryWrite(std::span<const std::byte> from) {
  seen.Add(from);
  return from.size();
}

}  // namespace strata::route
