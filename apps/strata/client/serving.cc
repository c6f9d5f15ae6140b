#include "client/serving.h"

#include <cstdint>
#include <map>

#include "output.h"

namespace strata::cli {

std::string RevisionOf(const Json& revision, const Json& object) {
  if (!revision.is_number() || revision == 0) return "-";
  std::map<std::uint64_t, double> shares;  // of revisions, whatever their class
  for (const Json& each : object.value("serving", Json::array())) {
    shares[each.value("revision", std::uint64_t{0})] += each.value("share", 0.0);
  }
  std::string text = revision.dump();
  const auto own = shares.extract(revision.get<std::uint64_t>());
  constexpr double kPercent = 100;
  const double share = own.empty() ? 0 : own.mapped();
  const bool all = !object.contains("serving") || Fixed(share * kPercent, 0) == "100";
  if (all) return text;
  const auto percent = [](double part) { return Fixed(part * kPercent, 0) + " %"; };
  if (share == 0 && shares.size() == 1 && percent(shares.begin()->second) == "100 %") {
    return text + " (serves " + std::to_string(shares.begin()->first) + ")";
  }
  text += " (" + percent(share);
  for (const auto& [other, part] : shares) {
    text += "; " + std::to_string(other) + ": " + percent(part);
  }
  return text + ")";
}

}  // namespace strata::cli
