#include "advisor/recommend/documents/rule_variables.h"

#include <limits>
#include <string>

#include "advisor/facts/facts.h"
#include "base/text/json.h"

namespace strata::advisor {
namespace {

constexpr double kAny = std::numeric_limits<double>::max();

const Json& ModelOf(const char* id) { return *FindFact(Facts(FactFile::kModels).at("models"), id); }

Variable Share(const char* id, Text label) {
  return {.id = id, .label = std::move(label), .unit = "", .words = {}, .called = {}, .most = 1};
}

Variable YesNo(const char* id, Text label) {
  return {.id = id,
          .label = std::move(label),
          .unit = "",
          .words = {"true", "false"},
          .called = {{"true", "是"}, {"false", "否"}}};
}

GivenFigure Given(std::string_view variable, const char* model, const Json& value) {
  return {variable, value, ModelOf(model).at("source")};
}

}  // namespace

std::vector<Variable> RuleVariables() {
  return {
      Share("E(t)", {"maturity of the WASM ecosystem", "WASM 生态成熟度"}),
      Share("toolchain_completeness", {"completeness of the WASM toolchain", "WASM 工具链完善度"}),
      {.id = "n_modules",
       .label = {"modules of the WASM network", "WASM 网络的模块数"},
       .unit = "",
       .words = {},
       .called = {},
       .most = kAny},
      Share("P(ecosystem_mature)", {"probability that the ecosystem is mature", "生态成熟概率"}),
      YesNo("vendor_ships_wasm_first", {"a vendor ships WASM first", "厂商优先交付 WASM"}),
      {.id = "price_below_container_percent",
       .label = {"price below that of containers", "低于容器价格的幅度"},
       .unit = "%",
       .words = {},
       .called = {},
       .most = 100},
      YesNo("existing_workload", {"an existing workload", "存量负载"}),
  };
}

std::vector<GivenFigure> GivenFigures() {
  const Json& modules = ModelOf("metcalfe").at("parameters").at("2024").at("n_modules");
  return {Given("E(t)", "adoption",
                ModelOf("adoption").at("parameters").at("technologies").at("wasm").at("E_now")),
          {"n_modules", modules, ModelOf("metcalfe").at("source").get<std::string>() + ", 2024"},
          Given("P(ecosystem_mature)", "real_option",
                ModelOf("real_option").at("parameters").at("P_now"))};
}

}  // namespace strata::advisor
