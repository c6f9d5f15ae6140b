#include "client/installation.h"

#include <string>
#include <utility>

#include "base/text/json.h"

namespace strata::cli {

Result<advisor::Installation> AskInstallation(Session& session) {
  auto status = session.AskJson("GET", "/v1/status");
  if (!status) return std::unexpected(std::move(status).error());
  const auto list = session.AskJson("GET", "/v1/resources");
  if (!list) return std::unexpected(list.error());
  advisor::Installation installation{.status = std::move(*status)};
  for (const Json& item : list->at("items")) {
    const std::string kind = item.at("kind");
    const char* const plural = kind == "Function"  ? "functions"
                               : kind == "Service" ? "services"
                                                   : "routes";
    const Json& metadata = item.at("metadata");
    // The class is told of one workload at a time.
    auto one = session.AskJson("GET", ResourcePath(metadata.at("namespace").get<std::string>(),
                                                   plural, metadata.at("name").get<std::string>()));
    if (!one) return std::unexpected(std::move(one).error());
    installation.resources.push_back(std::move(*one));
  }
  return installation;
}

}  // namespace strata::cli
