#include "route/answer/typed_call.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "base/text/json.h"

namespace strata::route {
namespace {

// A whole number of 64 bits from a JSON integer or its text. Unsigned spellings of the same bits
// are taken, too: wasm integers have no sign of their own.
std::optional<std::int64_t> WholeNumber(const Json& json) {
  if (json.is_number_unsigned()) return static_cast<std::int64_t>(json.get<std::uint64_t>());
  if (json.is_number_integer()) return json.get<std::int64_t>();
  if (!json.is_string()) return std::nullopt;
  const auto& text = json.get_ref<const std::string&>();
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> FloatNumber(const Json& json) {
  if (json.is_number()) return json.get<double>();
  if (json == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (json == "Infinity") return std::numeric_limits<double>::infinity();
  if (json == "-Infinity") return -std::numeric_limits<double>::infinity();
  return std::nullopt;
}

std::optional<sandbox::Value> ValueOf(const Json& json, std::string_view type) {
  if (type == "i32") {
    const auto number = WholeNumber(json);
    if (!number || *number < std::numeric_limits<std::int32_t>::min() ||
        *number > std::numeric_limits<std::uint32_t>::max()) {
      return std::nullopt;
    }
    return static_cast<std::int32_t>(*number);
  }
  if (type == "i64") {
    const auto number = WholeNumber(json);
    if (!number) return std::nullopt;
    return *number;
  }
  const auto number = FloatNumber(json);
  if (!number) return std::nullopt;
  if (type == "f32") return static_cast<float>(*number);
  if (type == "f64") return *number;
  return std::nullopt;
}

Json JsonOf(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}
Json JsonOf(float value) { return JsonOf(static_cast<double>(value)); }
Json JsonOf(std::int32_t value) { return value; }
Json JsonOf(std::int64_t value) { return value; }

}  // namespace

Result<std::vector<sandbox::Value>> ParseArguments(std::string_view json, std::string_view name,
                                                   std::span<const sandbox::Export> exports) {
  const auto found = std::ranges::find(exports, name, &sandbox::Export::name);
  if (found == exports.end()) {
    return Fail(Errc::kNotFound, "the module has no export '" + std::string(name) + "'");
  }
  auto list = ParseJson(json, kArgumentsLimit);
  if (!list) return Wrap(std::move(list).error(), "arguments");
  if (!list->is_array() || list->size() != found->parameters.size()) {
    return Fail(Errc::kInvalidArgument, "'" + found->name + "' takes a JSON list of " +
                                            std::to_string(found->parameters.size()) +
                                            " arguments");
  }
  std::vector<sandbox::Value> values;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const auto value = ValueOf((*list)[i], found->parameters[i]);
    if (!value) {
      return Fail(Errc::kInvalidArgument, "argument " + std::to_string(i) + " of '" + found->name +
                                              "' is no " + found->parameters[i]);
    }
    values.push_back(*value);
  }
  return values;
}

std::string FormatValues(std::span<const sandbox::Value> values) {
  Json list = Json::array();
  for (const sandbox::Value& value : values) {
    list.push_back(std::visit([](auto number) { return JsonOf(number); }, value));
  }
  return DumpJson(Json{{"results", std::move(list)}}) + "\n";
}

}  // namespace strata::route
