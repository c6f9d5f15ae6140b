#include "client/guest_end.h"

#include <string_view>

#include "base/text/json.h"

namespace strata::cli {

std::optional<std::string> EndOfGuest(const http::ClientResponse& response) {
  constexpr std::string_view kLimit = "urn:strata:problem:limit-";
  constexpr std::string_view kGuest = "urn:strata:problem:guest-";
  if (response.status != 502 || response.header(kAnsweredBy)) return std::nullopt;
  const auto problem = ParseJson(response.body);
  if (!problem || !problem->is_object()) return std::nullopt;
  const auto type = problem->find("type");
  const auto detail = problem->find("detail");
  const bool whole = type != problem->end() && type->is_string() && detail != problem->end() &&
                     detail->is_string();
  if (!whole) return std::nullopt;
  const auto& name = type->get_ref<const std::string&>();
  if (!name.starts_with(kLimit) && !name.starts_with(kGuest)) return std::nullopt;
  return detail->get<std::string>();
}

}  // namespace strata::cli
