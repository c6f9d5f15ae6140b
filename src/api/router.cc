#include "api/router.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text/utf8.h"

namespace strata::api {
namespace {

std::vector<std::string_view> Split(std::string_view path) {
  std::vector<std::string_view> segments;
  if (path.starts_with('/')) path.remove_prefix(1);
  for (;;) {
    const std::size_t slash = path.find('/');
    segments.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsVariable(const std::string& segment) { return segment.starts_with('{'); }

std::optional<Router::Variables> Fit(const std::vector<std::string>& pattern,
                                     const std::vector<std::string_view>& segments) {
  if (pattern.size() != segments.size()) return std::nullopt;
  Router::Variables variables;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (!IsVariable(pattern[i])) {
      if (pattern[i] != segments[i]) return std::nullopt;
      continue;
    }
    auto value = PercentDecode(segments[i]);
    if (!value || value->empty()) return std::nullopt;
    variables.emplace(pattern[i].substr(1, pattern[i].size() - 2), std::move(*value));
  }
  return variables;
}

enum class Controls { kRefused, kAllowed };

Result<std::string> Decode(std::string_view text, Controls controls) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? HexValue(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? HexValue(text[i + 2]) : -1;
      if (high < 0 || low < 0) return Fail(Errc::kInvalidArgument, "broken percent escape");
      c = static_cast<char>(high << 4 | low);
      i += 2;
    } else if (c == '+') {
      c = ' ';
    }
    const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    if (c == '\0' || (control && controls == Controls::kRefused)) {
      return Fail(Errc::kInvalidArgument, "control character");
    }
    decoded.push_back(c);
  }
  if (!IsUtf8(decoded)) return Fail(Errc::kInvalidArgument, "not UTF-8");
  return decoded;
}

}  // namespace

Result<std::string> PercentDecode(std::string_view text) {
  return Decode(text, Controls::kRefused);
}

Result<Query> ParseQuery(std::string_view query, std::initializer_list<std::string_view> lists) {
  Query parsed;
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto name = PercentDecode(pair.substr(0, equals));
    if (!name) return Wrap(name.error(), "query");
    const bool listed = std::ranges::find(lists, *name) != lists.end();
    auto value = Decode(pair.substr(std::min(equals + 1, pair.size())),
                        listed ? Controls::kAllowed : Controls::kRefused);
    if (!value) return Wrap(value.error(), "query parameter " + *name);
    if (listed) {
      parsed.lists[*name].push_back(std::move(*value));
    } else if (!parsed.values.emplace(*name, std::move(*value)).second) {
      return Fail(Errc::kInvalidArgument, "query parameter " + *name + " is given twice");
    }
  }
  return parsed;
}

void Router::Add(std::string_view method, std::string_view pattern, std::size_t id) {
  Route route{std::string(method), {}, id};
  for (std::string_view segment : Split(pattern)) route.segments.emplace_back(segment);
  routes_.push_back(std::move(route));
}

Router::Found Router::Match(std::string_view method, std::string_view path) const {
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  const auto segments = Split(path);
  Found found;
  for (const Route& route : routes_) {
    auto variables = Fit(route.segments, segments);
    if (!variables) continue;
    if (route.method == wanted) {
      found.kind = Found::Kind::kFound;
      found.id = route.id;
      found.variables = std::move(*variables);
      return found;
    }
    found.kind = Found::Kind::kNoMethod;
    if (!found.allow.empty()) found.allow += ", ";
    found.allow += route.method;
  }
  return found;
}

}  // namespace strata::api
