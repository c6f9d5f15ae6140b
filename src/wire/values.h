// wire/values.h - the fields of model's values, for messages that hold them (wire/message.h).
//
//   cell/wire/fields.h, keeper/wire/codec.cc --> [ Each() of limits, grants, scale, health ] -->
//   message.h
//
// A field that model/values.h gets must be added here, or it does not cross: codec tests compare
// whole values for that.
//
// Threads:  pure. Errors: message.h's. Tested by cell/wire/codec_test.cc,
// keeper/wire/codec_test.cc.
#pragma once

#include <concepts>
#include <type_traits>

#include "model/traffic/header_match.h"
#include "model/values.h"

namespace strata::wire {

// T is U or const U: one description serves writing (const) and reading.
template <typename T, typename U>
concept Is = std::same_as<std::remove_const_t<T>, U>;

// What a field that is no whole number may hold, both ends included: its third argument.
struct Range {
  double from = 0;
  double to = 0;
};

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

void Each(auto& visit, Is<model::HeaderMatch> auto& m) {
  visit("name", m.name);
  visit("value", m.value);
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

void Each(auto& visit, Is<model::HttpGet> auto& m) {
  visit("path", m.path);
  visit("port", m.port);
}

void Each(auto& visit, Is<model::TcpSocket> auto& m) { visit("port", m.port); }

void Each(auto& visit, Is<model::ExecAction> auto& m) { visit("command", m.command); }

void Each(auto& visit, Is<model::Probe> auto& m) {
  visit("http_get", m.http_get);
  visit("tcp_socket", m.tcp_socket);
  visit("exec", m.exec);
  visit("initial_delay_ms", m.initial_delay);
  visit("period_ms", m.period);
  visit("timeout_ms", m.timeout);
  visit("success_threshold", m.success_threshold);
  visit("failure_threshold", m.failure_threshold);
}

void Each(auto& visit, Is<model::Health> auto& m) {
  visit("readiness", m.readiness);
  visit("liveness", m.liveness);
}

void Each(auto& visit, Is<model::Scale> auto& m) {
  visit("min", m.min);
  visit("max", m.max);
  visit("concurrency", m.concurrency);
  visit("keep_alive_ms", m.keep_alive);
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
  visit("warm", m.warm);
}

}  // namespace strata::wire
