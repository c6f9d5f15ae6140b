#include "advisor/facts/facts.h"

#include <array>
#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

#include "base/check.h"

namespace strata::advisor {
namespace {

constexpr std::size_t kFiles = 7;

struct Parsed {
  std::once_flag once;
  Json json;
};

}  // namespace

const Json& Facts(FactFile file) {
  static std::array<Parsed, kFiles> files;
  Parsed& parsed = files[static_cast<std::size_t>(file)];
  std::call_once(parsed.once, [&parsed, file] {
    parsed.json = Json::parse(FactsText(file), nullptr, /*allow_exceptions=*/false);
    STRATA_CHECK(parsed.json.is_object());
  });
  return parsed.json;
}

const Json* FindFact(const Json& list, std::string_view id, const char* key) {
  for (const Json& entry : list) {
    const auto found = entry.find(key);
    if (found != entry.end() && found->get_ref<const std::string&>() == id) return &entry;
  }
  return nullptr;
}

Text LabelOf(const Json& entry) {
  for (const char* key : {"label", "name", "title", "term"}) {
    if (entry.contains(key)) return {entry.at(key).get<std::string>(), entry.value("zh", "")};
  }
  return {entry.value("id", ""), entry.value("zh", "")};
}

std::string ListOf(const Json& texts) { return Listed(texts.get<std::vector<std::string>>()); }

Text TextOf(const Json& entry, const std::string& key) {
  const auto get = [&entry](const std::string& name) {
    const auto found = entry.find(name);
    return found != entry.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  return {get(key), get(key + "_zh")};
}

}  // namespace strata::advisor
