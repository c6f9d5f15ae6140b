#include "host/process/file_limit.h"

namespace strata::host {
namespace {

std::optional<rlimit>& Former() {
  static std::optional<rlimit> former;
  return former;
}

}  // namespace

void RaiseFileLimit() {
  rlimit former{};
  if (::getrlimit(RLIMIT_NOFILE, &former) != 0) return;
  const rlimit raised{.rlim_cur = former.rlim_max, .rlim_max = former.rlim_max};
  if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) Former() = former;
}

std::optional<rlimit> FormerFileLimit() { return Former(); }

}  // namespace strata::host
