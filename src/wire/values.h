// wire/values.h - the fields of model's values, for messages that hold them (wire/message.h).
// Threads: pure.
#pragma once

#include <concepts>
#include <type_traits>

#include "model/values.h"

namespace strata::wire {

// T is U or const U: one description serves writing (const) and reading.
template <typename T, typename U>
concept Is = std::same_as<std::remove_const_t<T>, U>;

void Each(auto& visit, Is<model::Limits> auto& m) {
  visit("memory", m.memory);
  visit("table_elements", m.table_elements);
  visit("cpu_time_ms", m.cpu_time);
  visit("timeout_ms", m.timeout);
  visit("concurrency", m.concurrency);
  visit("request", m.request);
  visit("response", m.response);
  visit("host_calls", m.host_calls);
}

void Each(auto& visit, Is<model::HttpGrant> auto& m) {
  visit("host", m.host);
  visit("port", m.port);
}

void Each(auto& visit, Is<model::DirGrant> auto& m) {
  visit("host", m.host);
  visit("guest", m.guest);
  visit("mode", m.mode);
  visit("size", m.size);
}

void Each(auto& visit, Is<model::Grants> auto& m) {
  visit("http", m.http);
  visit("dirs", m.dirs);
}

void Each(auto& visit, Is<model::Usage> auto& m) {
  visit("cpu_ns", m.cpu);
  visit("wall_ns", m.wall);
  visit("memory_peak", m.memory_peak);
  visit("bytes_in", m.bytes_in);
  visit("bytes_out", m.bytes_out);
}

void Each(auto& visit, Is<model::Exit> auto& m) {
  visit("reason", m.reason);
  visit("status", m.status);
  visit("detail", m.detail);
  visit("usage", m.usage);
}

}  // namespace strata::wire
