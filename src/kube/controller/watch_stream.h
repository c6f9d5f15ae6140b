// kube/controller/watch_stream.h - the body of a watch: JSON documents, one a line, in pieces as
// they arrive.
//
//   FetchOptions::on_body --piece--> [ WatchStream ] --WatchEvent--> mirror.h
//
// Threads: one. Errors: see Feed; after one the stream is of no further use. Tested by
// watch_stream_test.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"
#include "base/text/json.h"

namespace strata::kube::controller {

struct WatchEvent {
  enum class Kind : std::uint8_t {
    kSet,       // it is there, new or changed
    kGone,      // it was deleted; `object` is its last state
    kBookmark,  // nothing but a newer resourceVersion
  };
  Kind kind = Kind::kSet;
  Json object;
};

// Objects are bounded by etcd, 1.5 MiB; in JSON a control character takes six times as much.
inline constexpr Bytes kMostOfEvent = Bytes::MiB(16);

class WatchStream {
 public:
  explicit WatchStream(std::function<void(WatchEvent)> on_event) : on_event_(std::move(on_event)) {}

  // Tells every event that `piece` completes. kFailedPrecondition: an error of the server's, for
  // example that it does not go back as far as the version that was asked from: list again;
  // kInvalidArgument: no events; kResourceExhausted: a line without an end.
  Result<void> Feed(std::string_view piece);

 private:
  Result<void> Line(std::string_view line);

  std::function<void(WatchEvent)> on_event_;
  std::string rest_;  // of a line that has not ended
};

}  // namespace strata::kube::controller
