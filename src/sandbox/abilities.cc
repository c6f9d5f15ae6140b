#include "sandbox/abilities.h"

#include <algorithm>
#include <array>

namespace strata::sandbox {
namespace {

// Each connection is a `runsc exec`: it holds 6 MiB and some 20 to 40 threads of those that the
// sandbox may have, beside the Sentry's 18 to 24 MiB. What is left is the server's.
constexpr Bytes kSentry = Bytes::MiB(32);
constexpr Bytes kRunscExec = Bytes::MiB(8);
constexpr std::uint32_t kMostRunscExecs = 60;
// Each is a process in the guest, which may have 128, and the server may want one for each, too.
constexpr Bytes kAgentDial = Bytes::MiB(1);
constexpr std::uint32_t kMostAgentDials = 60;

constexpr std::string_view kNoProcess = "its sandboxes are no processes";
constexpr std::string_view kNoExports = "its guests are programs, without typed exports";
constexpr std::string_view kNoState = "what runs in it cannot be saved as it is";

// docs/drivers/appkernel.md has what was seen.
constexpr std::string_view kEndsWhatItSaves =
    "runsc's checkpoint ends the server that it saves, and cannot be restored if programs or "
    "connections were open";

// docs/decisions/0011-volumes.md has more.
constexpr std::string_view kReadsOnly = "it sees directories of the host read-only";
constexpr std::string_view kNotInside = "its machine's volumes do not lead into the container";
constexpr std::string_view kNo9p = "its kernel has no file system for directories of the host";

constexpr std::array kWasm = {
    Inability{"exec", kNoProcess},     Inability{"cp", kNoProcess},
    Inability{"pause", kNoProcess},    Inability{"resume", kNoProcess},
    Inability{"snapshot", kNoProcess}, Inability{"restore", kNoProcess},
    Inability{"fork", kNoProcess},     Inability{kWritableHostVolume, kReadsOnly},
};
constexpr std::array kPrograms = {
    Inability{"invoke --export", kNoExports},
    Inability{"snapshot", kNoState},
    Inability{"restore", kNoState},
    Inability{"fork", kNoState},
};
constexpr std::array kAppkernel = {
    Inability{"invoke --export", kNoExports},
    Inability{"snapshot", kEndsWhatItSaves},
    Inability{"restore", kEndsWhatItSaves},
    Inability{"fork", kEndsWhatItSaves},
};
constexpr std::array kMachine = {
    Inability{"invoke --export", kNoExports},
    Inability{kHostVolume, kNo9p},
    Inability{kWritableHostVolume, kNo9p},
};
constexpr std::array kContainerInMachine = {
    Inability{"invoke --export", kNoExports}, Inability{kNamedVolume, kNotInside},
    Inability{kTmpfsVolume, kNotInside},      Inability{kHostVolume, kNo9p},
    Inability{kWritableHostVolume, kNo9p},
};

}  // namespace

std::span<const Inability> InabilitiesOf(model::Class sandbox_class) noexcept {
  switch (sandbox_class) {
    case model::Class::kWasm:
      return kWasm;
    case model::Class::kContainer:
      return kPrograms;
    case model::Class::kAppkernel:
      return kAppkernel;
    case model::Class::kContainerInMicrovm:
      return kContainerInMachine;
    case model::Class::kMicrovm:
      break;
  }
  return kMachine;
}

std::uint32_t MostConnections(model::Class sandbox_class, Bytes memory) noexcept {
  const auto by_memory = [memory](Bytes server, Bytes each, std::uint32_t most) {
    const Bytes left{memory.count > server.count ? memory.count - server.count : 0};
    return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(left.count / each.count, 1, most));
  };
  switch (sandbox_class) {
    case model::Class::kAppkernel:
      return by_memory(kSentry, kRunscExec, kMostRunscExecs);
    case model::Class::kMicrovm:
    case model::Class::kContainerInMicrovm:
      return by_memory({}, kAgentDial, kMostAgentDials);
    default:
      return 0;
  }
}

std::string_view WhyNot(model::Class sandbox_class, std::string_view verb) noexcept {
  for (const Inability& each : InabilitiesOf(sandbox_class)) {
    if (each.verb == verb) return each.why;
  }
  return {};
}

}  // namespace strata::sandbox
