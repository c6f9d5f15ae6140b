// measure/kinds.h - how samples are taken: a kind measures one or more rows (rows.h) in one place.
//
// Each Measure takes the samples of one turn, so that places are measured in turns and all of them
// see the same changes of the machine's speed. What a turn leaves in the place is removed by
// whoever runs the turns (run.h).
//
// Threads: the runner's. Tested by kinds_test.cc with a place of its own.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "measure/place.h"

namespace strata::measure {

struct Sample {
  std::string_view row;
  double value = 0;
};
using Samples = std::vector<Sample>;

enum class Depth : std::uint8_t { kQuick, kFull };

struct Kind {
  std::string_view name;
  std::string_view name_zh;
  // kUnsupported: this place has nothing of the kind.
  Result<Samples> (*measure)(Place& place, Depth depth);
  unsigned quick_turns = 0;  // that it takes part in; 0: not in a quick run
  unsigned full_turns = 0;
};

// cold_start, warm_up, memory: deployments, each with the first call after it; one in a quick run,
// else as many as go into half a second, 16 at most. Leaves kHello deployed,
// which calls, load and image rely on.
extern const Kind kStarts;
// warm_start: calls, each in a sandbox of its own; call_cpu: of them, each.
extern const Kind kCalls;
// prewarmed_call.
extern const Kind kPrewarmed;
// compute, compute_cpu: a fixed computation, as it times itself and as the place accounts for it.
extern const Kind kCompute;
// epoll_ready, epoll_wakeup; uring_submit, uring_batched.
extern const Kind kEpoll;
extern const Kind kUring;
// throughput: calls a second of several callers.
extern const Kind kLoad;
// density, instance_memory: servers at once until they have used as much memory as they may.
extern const Kind kDensity;
// image_size.
extern const Kind kImage;
// escapes, attempts: the isolation battery.
extern const Kind kBattery;

// What the yardstick said: "NAME NUMBER" lines. kUnsupported: it said what is lacking.
// kInternal: anything else; a guest's words are not repeated further than one line of 200 bytes.
Result<std::vector<std::pair<std::string, double>>> ReadAnswer(std::string_view body);

}  // namespace strata::measure
