#include "serving.h"

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
  if (shares.empty()) return text;
  constexpr double kPercent = 100;
  const auto percent = [](double share) { return Fixed(share * kPercent, 0) + " %"; };
  if (own.empty() && shares.size() == 1) {
    return text + " (serves " + std::to_string(shares.begin()->first) + ")";
  }
  text += " (" + percent(own.empty() ? 0 : own.mapped());
  for (const auto& [other, share] : shares) {
    text += "; " + std::to_string(other) + ": " + percent(share);
  }
  return text + ")";
}

}  // namespace strata::cli
