#include "model/values.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

namespace strata::model {
namespace {

// Every enum here counts from 0 without gaps; a value outside of it is a broken caller.
template <typename Enum, std::size_t N>
std::string_view NameIn(const std::array<std::string_view, N>& names, Enum value) noexcept {
  const auto index = static_cast<std::size_t>(value);
  return index < N ? names[index] : "unknown";
}

}  // namespace

Usage& Usage::operator+=(const Usage& call) noexcept {
  cpu += call.cpu;
  wall += call.wall;
  memory_peak = std::max(memory_peak, call.memory_peak);
  bytes_in.count += call.bytes_in.count;
  bytes_out.count += call.bytes_out.count;
  return *this;
}

std::string_view ClassName(Class value) noexcept {
  constexpr std::array<std::string_view, kClasses.size()> kNames = {
      "wasm", "container", "appkernel", "microvm", "container-in-microvm"};
  return NameIn(kNames, value);
}

std::string ClassNames() {
  std::string all;
  for (const Class value : kClasses) {
    all.append(all.empty() ? "" : ", ").append(ClassName(value));
  }
  return all;
}

std::optional<Class> ClassFromName(std::string_view name) noexcept {
  for (const Class value : kClasses) {
    if (ClassName(value) == name) return value;
  }
  return std::nullopt;
}

std::optional<Class> Pair(Class inner, Class outer) noexcept {
  if (inner == Class::kContainer && outer == Class::kMicrovm) return Class::kContainerInMicrovm;
  return std::nullopt;
}

bool IsOuter(Class value) noexcept {
  return std::ranges::any_of(kClasses, [&](Class inner) { return Pair(inner, value).has_value(); });
}

std::string_view GuestKindName(GuestKind value) noexcept {
  constexpr std::array<std::string_view, 4> kNames = {"auto", "http", "command", "module"};
  return NameIn(kNames, value);
}

std::string_view PriorityName(Priority value) noexcept {
  constexpr std::array<std::string_view, 3> kNames = {"low", "normal", "high"};
  return NameIn(kNames, value);
}

std::string_view RestartName(Restart value) noexcept {
  switch (value) {
    case Restart::kAlways:
      return "always";
    case Restart::kOnFailure:
      return "on-failure";
    case Restart::kNever:
      break;
  }
  return "never";
}

std::string_view DirModeName(DirGrant::Mode value) noexcept {
  constexpr std::array<std::string_view, 5> kNames = {"ro", "scratch", "rw", "volume", "volume-ro"};
  return NameIn(kNames, value);
}

std::string_view ExitReasonName(ExitReason value) noexcept {
  constexpr std::array<std::string_view, 4> kNames = {"returned", "limit", "violation", "stopped"};
  return NameIn(kNames, value);
}

}  // namespace strata::model
