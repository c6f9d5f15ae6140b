#include "kube/controller/watch_stream.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace strata::kube::controller {
namespace {

Error ServersError(const Json& status) {
  return {Errc::kFailedPrecondition, "watch: " + status.value("message", "the server ended it")};
}

}  // namespace

Result<void> WatchStream::Feed(std::string_view piece) {
  while (!piece.empty()) {
    const std::size_t end = piece.find('\n');
    rest_.append(piece.substr(0, end));
    if (rest_.size() > kMostOfEvent.count) {
      return Fail(Errc::kResourceExhausted, "watch: an event is larger than 16 MiB");
    }
    if (end == std::string_view::npos) return {};
    piece.remove_prefix(end + 1);
    const std::string line = std::exchange(rest_, {});
    if (line.empty()) continue;
    if (auto taken = Line(line); !taken) return taken;
  }
  return {};
}

Result<void> WatchStream::Line(std::string_view line) {
  auto event = ParseJson(line, kMostOfEvent);
  if (!event) return Wrap(std::move(event).error(), "watch");
  const bool whole = event->is_object() && event->contains("type") &&
                     (*event)["type"].is_string() && event->contains("object") &&
                     (*event)["object"].is_object();
  if (!whole) return Fail(Errc::kInvalidArgument, "watch: a line is no event");
  const std::string type = (*event)["type"].get<std::string>();
  Json& object = (*event)["object"];
  if (type == "ERROR") return std::unexpected(ServersError(object));
  if (type == "ADDED" || type == "MODIFIED") {
    on_event_({WatchEvent::Kind::kSet, std::move(object)});
  } else if (type == "DELETED") {
    on_event_({WatchEvent::Kind::kGone, std::move(object)});
  } else if (type == "BOOKMARK") {
    on_event_({WatchEvent::Kind::kBookmark, std::move(object)});
  } else {
    return Fail(Errc::kInvalidArgument, "watch: unknown event '" + type + "'");
  }
  return {};
}

}  // namespace strata::kube::controller
