// model/memory_bounds.h - how much memory a sandbox of each class can be given: the one place of
// these figures.
//
//   [ MemoryBoundsOf ] --> the Config of every class of images, which refuses anything else
//                      \-> manager, cluster: scheduler::Option; advisor: the manifest it writes
//
// What a server allows at most (stratad --max-memory-mib) comes beside them, and what a manifest
// can name (schema/fields.h).
//
// Threads:  constants. Errors: none. Tested by the drivers' tests and scheduler/placing.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "model/values.h"

namespace strata::model {

struct MemoryBounds {
  Bytes least;
  Bytes most{UINT64_MAX};
  friend bool operator==(const MemoryBounds&, const MemoryBounds&) = default;
};

// Of `limits.memory`.
constexpr MemoryBounds MemoryBoundsOf(Class sandbox_class) noexcept {
  // An OCI runtime's own set-up is charged to its container.
  constexpr Bytes kRuntime = Bytes::MiB(16);
  // The Sentry's own memory is charged to its sandbox, and a guest that gets to the end of it takes
  // the Sentry with it.
  constexpr Bytes kSentry = Bytes::MiB(64);
  constexpr Bytes kLargestProgram = Bytes::MiB(4096);
  // A machine has 512 MiB; the rest is its kernel's.
  constexpr Bytes kOfAMachine = Bytes::MiB(448);
  switch (sandbox_class) {
    case Class::kContainer:
      return {kRuntime, kLargestProgram};
    case Class::kAppkernel:
      return {kSentry, kLargestProgram};
    case Class::kMicrovm:
      return {Bytes::MiB(8), kOfAMachine};
    case Class::kContainerInMicrovm:
      return {kRuntime, kOfAMachine};
    case Class::kWasm:
      break;
  }
  return {};  // a module says itself what it needs, and is refused where that is more
}

}  // namespace strata::model
