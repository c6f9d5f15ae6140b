#include "meter/prices.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "base/result.h"
#include "base/strings.h"
#include "model/values.h"

namespace strata::meter {
namespace {

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
          model::ClassNames());
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
  }
  source_ += "; --price " + std::string(text);
  return {};
}

Json Prices::ToJson() const {
  Json classes = Json::object();
  for (const model::Class each : model::kClasses) {
    Json price = Json::object();
    for (const Field& field : kFields) price[field.name] = Of(each).*(field.value);
    classes[model::ClassName(each)] = std::move(price);
  }
  return {{"currency", "USD"}, {"source", source_}, {"classes", std::move(classes)}};
}

}  // namespace strata::meter
