// meter/mirror_record.h - what came of one copy of a request (route/answer/mirror.h). Fixed size,
// trivially copyable: it crosses the shared-memory ring as it is.
//
//   route (compares the answers) --ring--> manager: strata_route_mirrored_total, rollouts
//
// A record is lost when the ring is full: a copy's outcome is worth no waiting. The layout is a
// promise between processes of two versions, as CallRecord's is.
//
// Threads:  values. Errors: whoever reads one checks its size, `outcome` and `function` first: the
//           cell may be in a guest's hands. Tested by route/request_path_hops_test.cc,
//           e2e/forms_test.py.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace strata::meter {

enum class MirrorOutcome : std::uint8_t {
  kSame,       // status and body
  kDifferent,  // of those, or the copy got no whole answer
  kSkipped,    // not run: the body was long or not read, or too much runs already
};
inline constexpr std::size_t kMirrorOutcomes = 3;

constexpr std::string_view MirrorOutcomeName(MirrorOutcome value) noexcept {
  switch (value) {
    case MirrorOutcome::kSame:
      return "same";
    case MirrorOutcome::kDifferent:
      return "different";
    case MirrorOutcome::kSkipped:
      break;
  }
  return "skipped";
}

struct MirrorRecord {
  std::uint32_t generation = 0;
  std::uint32_t function = 0;  // that got the copy; index in that configuration of the cell
  std::uint32_t outcome = 0;   // MirrorOutcome
};
static_assert(std::is_trivially_copyable_v<MirrorRecord>);

}  // namespace strata::meter
