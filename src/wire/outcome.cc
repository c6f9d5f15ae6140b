#include "wire/outcome.h"

namespace strata::wire {

std::string WireError(const Error& error) {
  return std::string(ErrcName(error.code)) + ": " + error.message;
}

Result<std::monostate> OutcomeOf(const std::string& error) {
  if (error.empty()) return std::monostate{};
  const std::size_t colon = error.find(": ");
  if (colon != std::string::npos) {
    const Errc code = ErrcFromName(error.substr(0, colon));
    if (code != Errc::kInternal) return Fail(code, error.substr(colon + 2));
  }
  return Fail(Errc::kInternal, error);
}

}  // namespace strata::wire
