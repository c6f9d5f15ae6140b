#include "advisor/compare/measured.h"

#include <optional>
#include <set>
#include <string>
#include <utility>

#include "advisor/compare/values.h"
#include "advisor/facts/facts.h"

namespace strata::advisor {
namespace {

enum class Quantity : std::uint8_t { kColdStart, kWarmCall, kMemory };

struct Claim {
  Quantity quantity;
  const Json* cell;
  std::string source;
};

Text NameOf(Quantity quantity) {
  switch (quantity) {
    case Quantity::kColdStart:
      return {"cold start", "冷启动"};
    case Quantity::kWarmCall:
      return {"warm start", "热启动"};
    case Quantity::kMemory:
      break;
  }
  return {"memory", "内存"};
}

// What was measured of it: the first call's time, the median call's, the memory of one call.
std::optional<double> ValueOf(Quantity quantity, const scheduler::Figures& figures) {
  switch (quantity) {
    case Quantity::kColdStart:
      return figures.cold_start_ms;
    case Quantity::kWarmCall:
      return figures.p50_ms;
    case Quantity::kMemory:
      break;
  }
  return figures.memory_mib;
}

std::string UnitOf(Quantity quantity) { return quantity == Quantity::kMemory ? "MiB" : "ms"; }

// The tier of a concept in the tables of 002.
std::string TierOf(const std::string& concept_id) {
  for (const Json& row : Facts(FactFile::kConcepts).at("tier_mapping")) {
    if (row.at("concept") == concept_id) return row.at("tier");
  }
  return "";
}

std::vector<Claim> ClaimsOn(const std::string& concept_id) {
  std::vector<Claim> claims;
  const Json& facts = Facts(FactFile::kMatrices);
  const auto matrix = [&](const char* id, const char* column, Quantity quantity) {
    const Json* found = FindFact(facts.at("matrices"), id);
    claims.push_back({quantity, &found->at("rows").at(concept_id).at(column), found->at("source")});
  };
  matrix("startup", "cold_start", Quantity::kColdStart);
  matrix("startup", "warm_start", Quantity::kWarmCall);
  matrix("performance", "memory", Quantity::kMemory);
  const Json& tiers = facts.at("tier_overheads");
  if (const Json* row = FindFact(tiers.at("rows"), TierOf(concept_id))) {
    claims.push_back({Quantity::kColdStart, &row->at("startup"), tiers.at("source")});
    claims.push_back({Quantity::kMemory, &row->at("memory"), tiers.at("source")});
  }
  return claims;
}

struct Judged {
  double ratio;
  Text verdict;
};

Judged Judge(const Range& claimed, double measured) {
  const int side = claimed.Side(measured);
  if (side < 0) return {measured / *claimed.least, {"below the claim", "低于所称"}};
  if (side > 0) return {measured / *claimed.most, {"above the claim", "高于所称"}};
  return {1, {"as claimed", "与所称相符"}};
}

}  // namespace

Section Measured(const std::vector<Subject>& subjects, const scheduler::Record& record) {
  Section section{.id = "measured",
                  .title = {"Claimed and measured here", "所称与本机实测"},
                  .columns = {{"class", {"class", "类"}},
                              {"quantity", {"quantity", "指标"}},
                              {"claimed", {"claimed", "所称"}},
                              {"measured", {"measured here", "实测"}},
                              {"ratio", {"ratio", "比值"}},
                              {"verdict", {"verdict", "结论"}},
                              {"source", {"source", "出处"}}}};
  std::set<model::Class> seen;
  for (const Subject& subject : subjects) {
    for (const model::Class each : subject.classes) {
      const auto figures = record.find(each);
      if (figures == record.end() || !seen.insert(each).second) continue;
      for (const Claim& claim : ClaimsOn(subject.concept_id)) {
        const auto range = RangeOf(*claim.cell);
        const auto measured = ValueOf(claim.quantity, figures->second);
        if (!range || !measured) continue;
        const Judged judged = Judge(*range, *measured);
        section.rows.push_back(
            {WordCell(model::ClassName(each)), TextCell(NameOf(claim.quantity)),
             ValueCell(*claim.cell), NumberCell(*measured, UnitOf(claim.quantity)),
             NumberCell(judged.ratio), TextCell(judged.verdict), WordCell(claim.source)});
      }
    }
  }
  if (!section.rows.empty()) {
    section.notes.push_back(
        {"Measured: the first and the median call of one small program, as its client saw them, "
         "and "
         "the memory of one call. The documents say of no figure how it was measured.",
         "实测：小程序首次调用与中位调用（客户端视角）及单次调用内存；文档未说明其数据的测量方法"
         "。"});
  }
  return section;
}

}  // namespace strata::advisor
