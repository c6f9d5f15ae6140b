// cell/wire/fields.h - the one description of every wire message's fields, read by the encoder and
// the decoder alike, so that the two cannot drift apart. Private to cell/wire/codec.cc.
//
// One Each() a message, its names as they are on the wire. Reading is strict: a field that is
// missing or that nobody knows is refused, so a new one is a change of the wire, which an older
// process does not take. What Each() is for, and which types it takes: wire/message.h.
//
// Threads:  pure. Errors: the codec's. Tested by codec_test.cc.
#pragma once

#include "cell/wire/messages.h"
#include "wire/values.h"

namespace strata::cell {

using wire::Is;

// ---- values inside messages ---------------------------------------------------------------------

void Each(auto& visit, Is<Function> auto& m) {
  visit("tenant", m.tenant);
  visit("name", m.name);
  visit("target", m.target);
  visit("revision", m.revision);
  visit("class", m.sandbox_class);
  visit("module", m.module);
  visit("service", m.service);
  visit("priority", m.priority);
  visit("limits", m.limits);
  visit("env", m.env);
  visit("grants", m.grants);
}

void Each(auto& visit, Is<Backend> auto& m) {
  visit("function", m.function);
  visit("weight", m.weight);
  visit("named", m.named);
}

void Each(auto& visit, Is<Mirror> auto& m) {
  visit("function", m.function);
  visit("percent", m.percent);
}

void Each(auto& visit, Is<Route> auto& m) {
  visit("host", m.host);
  visit("path", m.path);
  visit("methods", m.methods);
  visit("headers", m.headers);
  visit("split", m.split);
  visit("backends", m.backends);
  visit("refused", m.refused);
  visit("mirror", m.mirror);
}

void Each(auto& visit, Is<Observe> auto& m) {
  visit("access_log", m.access_log);
  visit("metering", m.metering);
  visit("trace_ratio", m.trace_ratio, wire::Range{0, 1});
  visit("server_timing", m.server_timing);
}

// ---- manager to cell ----------------------------------------------------------------------------

void Each(auto& visit, Is<Start> auto& m) {
  visit("instance", m.instance);
  visit("cell", m.cell);
  visit("tenant", m.tenant);
  visit("max_sandboxes", m.max_sandboxes);
  visit("max_memory", m.max_memory);
  visit("memory_reservation", m.memory_reservation);
  visit("keep_resident", m.keep_resident);
  visit("scratch_root", m.scratch_root);
  visit("orphan_exit_s", m.orphan_exit_s);
}

void Each(auto& visit, Is<Modules> auto& m) { visit("keys", m.keys); }

void Each(auto& visit, Is<Listen> auto& m) {
  visit("id", m.id);
  visit("address", m.address);
}

void Each(auto&, Is<StopListening> auto&) {}

void Each(auto& visit, Is<TakeClient> auto& m) { visit("peer", m.peer); }

void Each(auto& visit, Is<AddEndpoint> auto& m) {
  visit("cell", m.cell);
  visit("tenant", m.tenant);
}

void Each(auto& visit, Is<RemoveEndpoint> auto& m) { visit("cell", m.cell); }

void Each(auto& visit, Is<ServeFront> auto& m) { visit("front", m.front); }

void Each(auto& visit, Is<Configure> auto& m) {
  visit("generation", m.generation);
  visit("functions", m.functions);
  visit("routes", m.routes);
  visit("observe", m.observe);
}

void Each(auto& visit, Is<CreateSandbox> auto& m) {
  visit("id", m.id);
  visit("function", m.function);
}

void Each(auto& visit, Is<DeleteSandbox> auto& m) { visit("id", m.id); }

void Each(auto& visit, Is<Connected> auto& m) {
  visit("id", m.id);
  visit("error", m.error);
}

void Each(auto& visit, Is<Drain> auto& m) { visit("deadline_ms", m.deadline_ms); }

void Each(auto& visit, Is<Adopt> auto& m) { visit("instance", m.instance); }

void Each(auto&, Is<GetStats> auto&) {}

// ---- cell to manager ----------------------------------------------------------------------------

void Each(auto& visit, Is<Ready> auto& m) { visit("engine_key", m.engine_key); }

void Each(auto& visit, Is<Configured> auto& m) {
  visit("generation", m.generation);
  visit("error", m.error);
}

void Each(auto& visit, Is<SandboxCreated> auto& m) {
  visit("id", m.id);
  visit("error", m.error);
}

void Each(auto& visit, Is<SandboxGone> auto& m) {
  visit("id", m.id);
  visit("reason", m.reason);
}

void Each(auto& visit, Is<Connect> auto& m) {
  visit("id", m.id);
  visit("generation", m.generation);
  visit("function", m.function);
  visit("host", m.host);
  visit("port", m.port);
}

void Each(auto&, Is<Drained> auto&) {}

void Each(auto& visit, Is<Served> auto& m) {
  visit("tenant", m.tenant);
  visit("name", m.name);
  visit("revision", m.revision);
  visit("class", m.sandbox_class);
  visit("service", m.service);
  visit("target", m.target);
}

void Each(auto& visit, Is<FormerList> auto& m) {
  visit("generation", m.generation);
  visit("places", m.places);
}

void Each(auto& visit, Is<Former> auto& m) {
  visit("functions", m.functions);
  visit("lists", m.lists);
}

void Each(auto& visit, Is<State> auto& m) {
  visit("cell", m.cell);
  visit("tenant", m.tenant);
  visit("engine_key", m.engine_key);
  visit("generation", m.generation);
  visit("functions", m.functions);
  visit("modules", m.modules);
  visit("listeners", m.listeners);
  visit("sandboxes", m.sandboxes);
  visit("endpoints", m.endpoints);
  visit("former", m.former);
}

void Each(auto&, Is<StoppedListening> auto&) {}

void Each(auto&, Is<GiveClient> auto&) {}

void Each(auto& visit, Is<Stats> auto& m) {
  visit("connections", m.connections);
  visit("requests", m.requests);
  visit("in_flight", m.in_flight);
  visit("sandboxes", m.sandboxes);
  visit("images_loaded", m.images_loaded);
  visit("denials", m.denials);
  visit("ring_dropped", m.ring_dropped);
}

}  // namespace strata::cell
