#include "sandbox/abilities.h"

#include <array>

namespace strata::sandbox {
namespace {

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

std::string_view WhyNot(model::Class sandbox_class, std::string_view verb) noexcept {
  for (const Inability& each : InabilitiesOf(sandbox_class)) {
    if (each.verb == verb) return each.why;
  }
  return {};
}

}  // namespace strata::sandbox
