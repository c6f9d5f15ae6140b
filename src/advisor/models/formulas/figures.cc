// Figures of the documents beside each other.
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "advisor/facts/facts.h"
#include "advisor/models/model.h"
#include "advisor/models/registry.h"
#include "advisor/versions.h"
#include "base/check.h"
#include "base/text/json.h"

namespace strata::advisor::models {
namespace {

constexpr Kind kCounted{"", 0, kMostCounted, kExact, Numbers::kWhole};

Model EmpiricalUpdates(const Json& fact) {
  const std::vector<std::string> names = NamesIn(fact, "items");
  Model model;
  model.parameters =
      ParameterList(fact).Take("items.*.old", kPositive).Take("items.*.new", kPositive);
  model.evaluate = [names](const Inputs& in) {
    const Json& figures = advisor::Facts(FactFile::kVersions).at("empirical");
    Outputs out;
    for (const std::string& name : names) {
      const Json* figure = FindFact(figures, name);
      STRATA_CHECK(figure != nullptr);
      const Change change = ChangeOf(*figure, in[name + ".old"], in[name + ".new"]);
      out.Add("change." + name, change.value, change.unit);
    }
    return out;
  };
  for (const Json& check : fact.at("checks")) {
    const auto& id = check.at("id").get_ref<const std::string&>();
    model.checks.push_back({id, {"change." + id}, {}});
  }
  return model;
}

Model GainsClaimed(const Json& fact) {
  const auto source = fact.at("source").get<std::string>();
  const std::vector<std::string> names = NamesIn(fact, "items");
  const Json& items = fact.at("parameters").at("items");
  ParameterList parameters(fact);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Json& item = items.at(i);
    const Text tech{item.at("tech").get<std::string>(), ""};
    if (item.contains("percent")) {
      parameters
          .Stated(names[i] + ".percent", item.at("percent").get<double>(), {"%", -99.9, 1000},
                  source)
          .Called(Join(tech, ": ", {"change", "变化"}));
    }
    if (item.contains("factor")) {
      parameters.Stated(names[i] + ".factor", item.at("factor").get<double>(), kPositive, source)
          .Called(Join(tech, ": ", {"how many times as much", "倍数"}));
    }
    if (item.contains("max_exclusive_ms")) {
      parameters.Stated(names[i] + ".below", item.at("max_exclusive_ms").get<double>(), kMs, source)
          .Called(Join(tech, ": ", {"less than", "小于"}));
    }
  }
  parameters.Stated("opa_mean.old", 1.2, {"ms", 1e-9}, "004 statistics")
      .Stated("opa_mean.new", 0.8, {"ms", 1e-9}, "004 statistics");
  Model model;
  model.parameters = parameters;
  model.evaluate = [names, items](const Inputs& in) {
    Outputs out;
    out.Add("factor.opa_mean", in["opa_mean.old"] / in["opa_mean.new"]);
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::string& name = names[i];
      if (items[i].contains("percent")) {
        out.Add("factor." + name, 1 / (1 + in[name + ".percent"] / 100));
      } else if (items[i].contains("factor")) {
        out.Add("factor." + name, in[name + ".factor"]);
      } else {
        out.Add("below." + name, in[name + ".below"], "ms");
      }
    }
    return out;
  };
  model.checks = {{"opa_x3_vs_latency", {"factor.opa_mean"}, {}}};
  return model;
}

Model VersionCoverage(const Json& fact) {
  const auto rows = static_cast<double>(advisor::Facts(FactFile::kVersions).at("versions").size());
  Model model;
  model.parameters = ParameterList(fact)
                         .Take("before", kCounted)
                         .Take("after", kCounted)
                         .Stated("rows_in_table", rows, kCounted, "004 versions");
  model.evaluate = [](const Inputs& in) {
    Outputs out;
    out.Add("explicit_versions", in["rows_in_table"]);
    out.Add("gained", in["after"] - in["before"]);
    out.YesNo("as_claimed", in["rows_in_table"] == in["after"]);
    return out;
  };
  model.checks = {
      {"count", {"explicit_versions"}, [](const Outputs& out) { return out["as_claimed"] == 1; }}};
  return model;
}

Model WasmCloud2028(const Json& fact) {
  const Text why{"how it is then, is for the reader to set: as the document forecasts",
                 "届时情形由读者设定：取文档预测"};
  const Json& assumptions = fact.at("parameters").at("assumptions");
  const Json& of_languages = *FindFact(assumptions, "languages");
  const double languages = of_languages.at("min_exclusive");
  Model model;
  model.parameters = ParameterList(fact)
                         .Stated("languages_min_exclusive", languages, kCounted,
                                 fact.at("source").get<std::string>())
                         .Called(LabelOf(of_languages))
                         .Assume("languages", languages + 1, kCount, why)
                         .Called({"languages supported then", "届时支持的语言数"})
                         .YesNo("runtime_unified", true, why)
                         .Called(LabelOf(*FindFact(assumptions, "runtime_unified")))
                         .YesNo("hardware", true, why)
                         .Called(LabelOf(*FindFact(assumptions, "hardware")));
  model.evaluate = [](const Inputs& in) {
    const bool languages_met = in["languages"] > in["languages_min_exclusive"];
    const double met = (languages_met ? 1 : 0) + in["runtime_unified"] + in["hardware"];
    Outputs out;
    out.Add("assumptions_met", met);
    out.YesNo("languages_met", languages_met);
    out.YesNo("all_met", met == 3);
    return out;
  };
  return model;
}

constexpr Entry kEntries[] = {
    {"empirical_updates", EmpiricalUpdates},
    {"gains_claimed", GainsClaimed},
    {"version_coverage", VersionCoverage},
    {"wasm_cloud_2028", WasmCloud2028},
};

}  // namespace

std::span<const Entry> Figures() { return kEntries; }

}  // namespace strata::advisor::models
