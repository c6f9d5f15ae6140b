// A route table and a request made of any bytes: paths that pass are canonical (a second pass
// changes nothing), and Find agrees with trying every rule.
//
// Input: lines "host path method header=value" are rules, the last line is the request.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/check.h"
#include "http/message.h"
#include "model/traffic/header_match.h"
#include "route/plan/path.h"
#include "route/plan/table.h"

namespace {

using strata::route::Rule;
using strata::route::Table;

// Up to four words of `line`.
std::vector<std::string> Words(std::string_view line) {
  std::vector<std::string> words;
  while (!line.empty() && words.size() < 4) {
    const std::size_t end = std::min(line.find(' '), line.size());
    words.emplace_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  words.resize(4);
  return words;
}

bool HasPrefix(std::string prefix, std::string path) {
  if (prefix.ends_with('/')) prefix.pop_back();
  if (path.ends_with('/')) path.pop_back();
  return path == prefix || path.starts_with(prefix + "/");
}

// A header and its value; nothing: there is no name.
std::vector<strata::model::HeaderMatch> HeaderIn(const std::string& word) {
  const std::size_t equals = std::min(word.find('='), word.size());
  if (equals == 0) return {};
  return {{word.substr(0, equals), word.substr(std::min(equals + 1, word.size()))}};
}

std::string Lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c; });
  return text;
}

// Each list has one at most; a request's name is compared without case.
bool SameHeader(const std::vector<strata::model::HeaderMatch>& wanted,
                const std::vector<strata::model::HeaderMatch>& there) {
  return !there.empty() && Lower(there[0].name) == Lower(wanted[0].name) &&
         there[0].value == wanted[0].value;
}

// The rule that should answer, by trying all.
const Rule* Reference(const std::vector<Rule>& rules, const std::string& host,
                      const std::string& path, const std::string& method,
                      const std::vector<strata::model::HeaderMatch>& headers) {
  const Rule* best = nullptr;
  const auto rank = [](const Rule& rule) {
    const std::size_t slash = rule.path.ends_with('/') ? 1 : 0;
    return std::tuple(rule.host != "*", rule.path.size() - slash, !rule.methods.empty(),
                      rule.headers.size());
  };
  for (const Rule& rule : rules) {
    if (rule.host != "*" && rule.host != host) continue;
    if (!HasPrefix(rule.path, path)) continue;
    if (!rule.headers.empty() && !SameHeader(rule.headers, headers)) continue;
    if (!rule.methods.empty() && std::ranges::find(rule.methods, method) == rule.methods.end()) {
      continue;
    }
    if (best == nullptr || rank(rule) > rank(*best)) best = &rule;
  }
  return best;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<Rule> rules;
  std::string scratch;
  while (text.find('\n') != std::string_view::npos && rules.size() < 64) {
    const auto words = Words(text.substr(0, text.find('\n')));
    text.remove_prefix(text.find('\n') + 1);
    Rule rule{words[0], words[1], {}, {{static_cast<std::uint32_t>(rules.size()), 1}}};
    if (!words[2].empty()) rule.methods.push_back(words[2]);
    rule.headers = HeaderIn(words[3]);
    const auto path = strata::route::CanonicalPath(rule.path, scratch);
    if (path) rule.path = std::string(*path);
    rules.push_back(std::move(rule));
  }
  const auto request = Words(text);
  const auto canonical = strata::route::CanonicalPath(request[1], scratch);
  if (!canonical) return 0;
  const std::string path(*canonical);
  std::string second;
  const auto again = strata::route::CanonicalPath(path, second);
  STRATA_CHECK(again.has_value() && *again == path);

  const auto table = Table::Build(rules, rules.size());
  if (!table) return 0;
  const std::string host = Lower(request[0]);
  const auto header = HeaderIn(request[3]);
  std::vector<strata::http::Header> headers;
  if (!header.empty()) headers.push_back({header[0].name, header[0].value});
  const auto match = table->Find(request[0], path, request[2], headers);
  const Rule* expected = Reference(rules, host, path, request[2], header);
  STRATA_CHECK((match.rule == nullptr) == (expected == nullptr));
  if (expected != nullptr) {
    STRATA_CHECK(match.rule->backends.front() == expected->backends.front());
  } else if (match.kind == Table::Match::Kind::kWrongMethod) {
    STRATA_CHECK(!table->Allow(host, path, headers).empty());
  }
  return 0;
}
