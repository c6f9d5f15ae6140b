#include "sandbox/wasm/outgoing/table.h"

#include <algorithm>
#include <string>
#include <utility>

namespace strata::sandbox::wasm::outgoing {

std::int64_t Table::Start(const OutgoingHead& head) {
  std::erase_if(deleted_, [](const auto& request) { return !request->running(); });
  auto to = ParseDestination(head.scheme, head.authority);
  if (!to) return Refuse(head, to.error().message);
  if (!IsGranted(settings_.http, *to)) return Refuse(head, "not granted");
  if (settings_.effects.connector == nullptr) return Refuse(head, "no way out");
  if (live_.size() + deleted_.size() >= settings_.limits.host_calls) {
    return Refuse(head, "too many outstanding requests");
  }
  auto request = Request::Make(loop_, head, std::move(*to), guest_);
  if (!request) return Refuse(head, request.error().message);
  ++metrics_.outgoing;
  live_.emplace(next_handle_, std::move(*request));
  return next_handle_++;
}

std::int64_t Table::Refuse(const OutgoingHead& head, std::string_view why) {
  ++metrics_.outgoing_denied;
  std::string text = "outgoing request to ";
  text.append(head.scheme).append("://").append(head.authority).append(" denied: ").append(why);
  Log(text);
  return 0;
}

void Table::Log(const std::string& text) {
  if (settings_.effects.logs != nullptr) settings_.effects.logs->Write(Stream::kHost, text);
}

Request* Table::Find(std::int64_t handle) {
  const auto found = live_.find(handle);
  return found == live_.end() ? nullptr : found->second.get();
}

Io Table::Write(std::int64_t handle, std::span<const std::byte> from) {
  Request* request = Find(handle);
  return request != nullptr ? request->Write(from) : Io::Failed();
}

void Table::End(std::int64_t handle) {
  if (Request* request = Find(handle)) request->End();
}

Io Table::Response(std::int64_t handle, http::ResponseHead& head) {
  Request* request = Find(handle);
  return request != nullptr ? request->Response(head) : Io::Failed();
}

Io Table::Read(std::int64_t handle, std::span<std::byte> to) {
  Request* request = Find(handle);
  return request != nullptr ? request->Read(to) : Io::Failed();
}

void Table::Delete(std::int64_t handle) {
  const auto found = live_.find(handle);
  if (found == live_.end()) return;
  NoteFailure(*found->second);
  if (found->second->running()) {
    found->second->Cancel();
    deleted_.push_back(std::move(found->second));
  }
  live_.erase(found);
}

void Table::NoteFailure(const Request& request) {
  if (request.failure().empty()) return;
  ++metrics_.outgoing_failed;
  const auto& to = request.destination();
  Log("outgoing request to " + to.host + ":" + std::to_string(to.port) +
      " failed: " + request.failure());
}

void Table::StartNew() {
  for (auto& [handle, request] : live_) {
    if (!request->started()) request->Start(*settings_.effects.connector, tls_);
  }
}

void Table::CancelAll() {
  for (auto& [handle, request] : live_) request->Cancel();
}

bool Table::running() const {
  return std::ranges::any_of(live_, [](const auto& entry) { return entry.second->running(); }) ||
         std::ranges::any_of(deleted_, [](const auto& request) { return request->running(); });
}

}  // namespace strata::sandbox::wasm::outgoing
