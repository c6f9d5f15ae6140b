#include "meter/prices.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/text/json.h"
#include "base/text/strings.h"
#include "model/values.h"

namespace strata::meter {
namespace {

constexpr std::string_view kNode = "node.";
constexpr std::size_t kLongestNode = 253;  // as host names are
constexpr double kMostFactor = 1000;

struct Field {
  std::string_view name;
  double Price::* value;
};
constexpr std::array kFields = {Field{"cpu_hour", &Price::cpu_hour},
                                Field{"gib_hour", &Price::gib_hour}, Field{"start", &Price::start},
                                Field{"wait", &Price::wait}};

std::unexpected<Error> Wrong(std::string_view text, const std::string& why) {
  return Fail(
      Errc::kInvalidArgument,
      "price '" + std::string(text) + "': " + why +
          "; give [CLASS.]FIELD=USD, FIELD one of cpu_hour, gib_hour, start, wait, CLASS one of " +
          model::ClassNames() + ", or node.NAME=FACTOR");
}

}  // namespace

double Price::Of(const Amount& amount) const noexcept {
  return amount.cpu_ms / kMsPerHour * cpu_hour +
         amount.mib_ms / kMibPerGib / kMsPerHour * gib_hour + amount.starts * start;
}

Result<void> Prices::Set(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return Wrong(text, "there is no '='");
  std::string_view name = text.substr(0, equals);
  if (name.starts_with(kNode)) {
    return SetNode(text, name.substr(kNode.size()), text.substr(equals + 1));
  }
  std::optional<model::Class> sandbox_class;
  if (const std::size_t dot = name.find('.'); dot != std::string_view::npos) {
    sandbox_class = model::ClassFromName(name.substr(0, dot));
    if (!sandbox_class) return Wrong(text, "no such class");
    name.remove_prefix(dot + 1);
  }
  const auto* const field = std::ranges::find(kFields, name, &Field::name);
  if (field == kFields.end()) return Wrong(text, "no such field");
  const auto value = ReadNumber(text.substr(equals + 1), kMostPrice);
  if (!value) return Wrong(text, "not a number from 0 to 1e6");
  for (const model::Class each : model::kClasses) {
    if (sandbox_class && each != *sandbox_class) continue;
    by_class_[static_cast<std::size_t>(each)].*(field->value) = *value;
    Start& start = starts_[static_cast<std::size_t>(each)];
    if (field->value == &Price::start) start = {.given = true, .from = "--price"};
  }
  source_ += "; --price " + std::string(text);
  return {};
}

Result<void> Prices::SetNode(std::string_view text, std::string_view name, std::string_view value) {
  const std::size_t star = name.find('*');
  if (name.empty() || name.size() > kLongestNode) return Wrong(text, "no name of a node");
  if (star != std::string_view::npos && star + 1 != name.size()) {
    return Wrong(text, "'*' stands at the end of a node's name only");
  }
  const auto factor = ReadNumber(value, kMostFactor);
  if (!factor) return Wrong(text, "not a number from 0 to 1000");
  nodes_.emplace_back(name, *factor);
  source_ += "; --price " + std::string(text);
  return {};
}

double Prices::FactorOf(std::string_view node) const noexcept {
  const auto names = [node](const auto& given) {
    const std::string_view name = given.first;
    return name.ends_with('*') ? node.starts_with(name.substr(0, name.size() - 1)) : name == node;
  };
  const auto found = std::ranges::find_if(nodes_.rbegin(), nodes_.rend(), names);
  return found == nodes_.rend() ? 1 : found->second;
}

Prices Prices::On(std::string_view node) const {
  const double factor = FactorOf(node);
  Prices here = *this;
  for (Price& price : here.by_class_) {
    for (double Price::* const field : {&Price::cpu_hour, &Price::gib_hour, &Price::start}) {
      price.*field = std::min(price.*field * factor, kMostPrice);
    }
  }
  return here;
}

void Prices::StartComputes(model::Class sandbox_class, double cpu_ms, std::string_view source) {
  const auto index = static_cast<std::size_t>(sandbox_class);
  if (starts_[index].given) return;
  starts_[index] = {.cpu_ms = cpu_ms, .from = std::string(source)};
  by_class_[index].start = 0;
  by_class_[index].start = by_class_[index].Of({.cpu_ms = cpu_ms});
}

Json Prices::ToJson() const {
  Json classes = Json::object();
  for (const model::Class each : model::kClasses) {
    Json price = Json::object();
    for (const Field& field : kFields) price[field.name] = Of(each).*(field.value);
    price["start_from"] = starts_[static_cast<std::size_t>(each)].from;
    classes[model::ClassName(each)] = std::move(price);
  }
  Json nodes = Json::object();
  for (const auto& [name, factor] : nodes_) nodes[name] = factor;
  return {{"currency", "USD"},
          {"source", source_},
          {"classes", std::move(classes)},
          {"nodes", std::move(nodes)}};
}

}  // namespace strata::meter
