#include "base/text/json.h"

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace strata {
namespace {

constexpr int kMaxDepth = 64;

// What is wrong and where, without the name of the library's exception in front.
std::string Said(const Json::exception& error) {
  const std::string_view text = error.what();
  const std::size_t name = text.find("] ");
  return "not JSON: " + std::string(name == std::string_view::npos ? text : text.substr(name + 2));
}

// Refuses what nlohmann would accept silently: deep nesting (its parser recurses when it destroys a
// value) and duplicate keys (the last one would win).
class Guard {
 public:
  bool operator()(int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > kMaxDepth) {
      problem_ = "nested deeper than 64 levels";
      return false;
    }
    if (event == Json::parse_event_t::object_start) keys_.emplace_back();
    if (event == Json::parse_event_t::object_end) keys_.pop_back();
    if (event == Json::parse_event_t::key && problem_.empty() &&
        !keys_.back().insert(parsed.get<std::string>()).second) {
      problem_ = "duplicate key '" + parsed.get<std::string>() + "'";
    }
    return true;
  }
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  std::vector<std::set<std::string>> keys_;
  std::string problem_;
};

}  // namespace

Result<Json> ParseJson(std::string_view text, Bytes limit) {
  if (text.size() > limit.count) {
    return Fail(Errc::kInvalidArgument,
                "JSON is longer than " + std::to_string(limit.count) + " bytes");
  }
  Guard guard;
  try {
    Json value = Json::parse(text.begin(), text.end(),
                             [&guard](int depth, Json::parse_event_t event, Json& parsed) {
                               return guard(depth, event, parsed);
                             });
    if (!guard.problem().empty()) return Fail(Errc::kInvalidArgument, "JSON: " + guard.problem());
    return value;
  } catch (const Json::exception& error) {
    return Fail(Errc::kInvalidArgument, Said(error));
  }
}

std::string DumpJson(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace strata
