#include "route/plan/table.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "http/parse/ascii.h"
#include "route/plan/hash.h"
#include "route/plan/path.h"

namespace strata::route {
namespace {

// Paths deeper than this are matched by their first segments only; Build refuses deeper rules.
constexpr std::size_t kMaxDepth = 32;

constexpr char Lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c; }

// Rules come from the tenant's own manifests and the table is bounded, so a keyed hash would
// protect nobody.
constexpr std::uint64_t Step(std::uint64_t hash, char c) noexcept {
  return HashStep(hash, static_cast<unsigned char>(c));
}

std::uint64_t HashHost(std::string_view host) noexcept {
  std::uint64_t hash = kHashSeed;
  for (const char c : host) hash = Step(hash, Lower(c));
  return Step(hash, '\0');
}

std::uint64_t HashText(std::uint64_t hash, std::string_view text) noexcept {
  for (const char c : text) hash = Step(hash, c);
  return hash;
}

bool SameHost(std::string_view rule, std::string_view host) noexcept {
  return std::ranges::equal(rule, host, [](char a, char b) { return a == Lower(b); });
}

bool Takes(const Rule& rule, std::string_view method) noexcept {
  return rule.methods.empty() || std::ranges::find(rule.methods, method) != rule.methods.end();
}

// The value of the only field of that name; nothing: there is none, or several.
std::optional<std::string_view> OnlyField(std::span<const http::Header> headers,
                                          std::string_view name) noexcept {
  std::optional<std::string_view> value;
  for (const http::Header& header : headers) {
    if (!http::EqualsIgnoreCase(header.name, name)) continue;
    if (value) return std::nullopt;
    value = header.value;
  }
  return value;
}

bool Fits(const Rule& rule, std::span<const http::Header> headers) noexcept {
  return std::ranges::all_of(rule.headers, [headers](const model::HeaderMatch& match) {
    return OnlyField(headers, match.name) == match.value;
  });
}

std::string Words(const Rule& rule) { return "route '" + rule.host + rule.path + "'"; }

Result<void> CheckRule(Rule& rule, std::size_t functions) {
  const auto invalid = [&rule](const char* why) {
    return Fail(Errc::kInvalidArgument, Words(rule) + ": " + why);
  };
  if (rule.host.empty()) return invalid("the host is empty");
  if (std::ranges::any_of(rule.host, [](char c) { return c != Lower(c); })) {
    return invalid("the host is not in lower case");
  }
  std::string scratch;
  const auto canonical = CanonicalPath(rule.path, scratch);
  if (!canonical) return invalid(canonical.error().message.c_str());
  rule.path = std::string(*canonical);
  // The root's prefix is the empty string, so that "prefix, then '/' or the end" holds for all.
  if (rule.path.ends_with('/')) rule.path.pop_back();
  if (std::ranges::count(rule.path, '/') > static_cast<std::ptrdiff_t>(kMaxDepth)) {
    return invalid("the path has more than 32 segments");
  }
  std::uint64_t total = 0;
  for (const Backend& backend : rule.backends) {
    if (backend.function >= functions) return invalid("a backend names no function");
    total += backend.weight;
  }
  if (rule.mirror && rule.mirror->function >= functions) {
    return invalid("the mirror names no function");
  }
  if (total == 0 && !rule.backends.empty()) return invalid("no backend has a weight");
  if (total > std::numeric_limits<std::uint32_t>::max()) return invalid("the weights are too big");
  return {};
}

// Refuses two rules of one host, path and headers that take the same method. `rules` is one slot's.
Result<void> CheckOwners(const Rule* rules, std::size_t count) {
  struct Taken {
    std::set<std::string_view> methods;
    bool all = false;
  };
  std::map<std::vector<model::HeaderMatch>, Taken> by_headers;
  for (std::size_t i = 0; i < count; ++i) {
    Taken& taken = by_headers[rules[i].headers];
    if (rules[i].methods.empty() && std::exchange(taken.all, true)) {
      return Fail(Errc::kInvalidArgument, Words(rules[i]) + ": two rules take every method");
    }
    for (const std::string& method : rules[i].methods) {
      if (!taken.methods.insert(method).second) {
        return Fail(Errc::kInvalidArgument,
                    Words(rules[i]) + ": two rules take the method " + method);
      }
    }
  }
  return {};
}

bool Before(const Rule& a, const Rule& b) {
  if (a.host != b.host) return a.host < b.host;
  if (a.path != b.path) return a.path < b.path;
  if (a.methods.empty() != b.methods.empty()) return b.methods.empty();
  if (a.headers.size() != b.headers.size()) return a.headers.size() > b.headers.size();
  return a.headers < b.headers;
}

}  // namespace

Result<Table> Table::Build(std::vector<Rule> rules, std::size_t functions) {
  for (Rule& rule : rules) {
    if (auto checked = CheckRule(rule, functions); !checked) {
      return std::unexpected(std::move(checked).error());
    }
  }
  std::ranges::sort(rules, Before);
  Table table;
  table.rules_ = std::move(rules);
  if (auto added = table.AddSlots(); !added) return std::unexpected(std::move(added).error());
  return table;
}

Result<void> Table::AddSlots() {
  std::size_t capacity = 2;
  while (capacity < 2 * rules_.size()) capacity *= 2;
  slots_.assign(capacity, Slot{});
  for (std::size_t first = 0; first < rules_.size();) {
    const Rule& rule = rules_[first];
    std::size_t last = first;
    while (last < rules_.size() && rules_[last].host == rule.host &&
           rules_[last].path == rule.path) {
      ++last;
    }
    if (auto checked = CheckOwners(&rule, last - first); !checked) return checked;
    const std::uint64_t hash = HashText(HashHost(rule.host), rule.path);
    std::size_t at = hash & (capacity - 1);
    while (slots_[at].count != 0) at = (at + 1) & (capacity - 1);
    slots_[at] = {hash, static_cast<std::uint32_t>(first),
                  static_cast<std::uint32_t>(last - first)};
    const auto depth = static_cast<std::size_t>(std::ranges::count(rule.path, '/'));
    max_depth_ = std::max(max_depth_, depth);
    first = last;
  }
  return {};
}

const Table::Slot* Table::Probe(std::uint64_t hash, std::string_view host,
                                std::string_view prefix) const noexcept {
  for (std::size_t at = hash & (slots_.size() - 1); slots_[at].count != 0;
       at = (at + 1) & (slots_.size() - 1)) {
    const Slot& slot = slots_[at];
    if (slot.hash != hash) continue;
    const Rule& rule = rules_[slot.first];
    if (rule.path == prefix && SameHost(rule.host, host)) return &slot;
  }
  return nullptr;
}

template <typename Visit>
void Table::Walk(std::string_view host, std::string_view path, Visit&& visit) const {
  if (slots_.empty()) return;
  // Ends of the prefixes of `path` that rules can have: 0 (the root), then after each segment.
  std::array<std::size_t, kMaxDepth + 1> ends;
  std::size_t count = 0;
  ends[count++] = 0;
  if (path.ends_with('/')) path.remove_suffix(1);
  for (std::size_t i = 1; i <= path.size() && count <= max_depth_; ++i) {
    if (i == path.size() || path[i] == '/') ends[count++] = i;
  }
  for (const std::string_view name : {host, std::string_view("*")}) {
    std::array<std::uint64_t, kMaxDepth + 1> hashes;
    std::uint64_t hash = HashHost(name);
    std::size_t done = 0;
    for (std::size_t i = 0; i < count; ++i) {
      hash = HashText(hash, path.substr(done, ends[i] - done));
      done = ends[i];
      hashes[i] = hash;
    }
    for (std::size_t i = count; i-- > 0;) {
      const Slot* slot = Probe(hashes[i], name, path.substr(0, ends[i]));
      if (slot != nullptr && visit(*slot)) return;
    }
  }
}

Table::Match Table::Find(std::string_view host, std::string_view path, std::string_view method,
                         std::span<const http::Header> headers) const noexcept {
  Match match;
  Walk(host, path, [&](const Slot& slot) {
    for (std::uint32_t i = 0; i < slot.count; ++i) {
      const Rule& rule = rules_[slot.first + i];
      if (!Fits(rule, headers)) continue;
      match.kind = Match::Kind::kWrongMethod;
      if (!Takes(rule, method)) continue;
      match = {Match::Kind::kFound, &rule};
      return true;
    }
    return false;
  });
  return match;
}

std::string Table::Allow(std::string_view host, std::string_view path,
                         std::span<const http::Header> headers) const {
  std::set<std::string_view> methods;
  Walk(host, path, [&](const Slot& slot) {
    for (std::uint32_t i = 0; i < slot.count; ++i) {
      const Rule& rule = rules_[slot.first + i];
      if (Fits(rule, headers)) methods.insert(rule.methods.begin(), rule.methods.end());
    }
    return false;
  });
  std::string allow;
  for (const std::string_view method : methods) {
    if (!allow.empty()) allow += ", ";
    allow += method;
  }
  return allow;
}

const Backend& PickBackend(const Rule& rule, std::uint32_t draw) noexcept {
  if (rule.backends.size() == 1) return rule.backends.front();
  std::uint64_t total = 0;
  for (const Backend& backend : rule.backends) total += backend.weight;
  // The draw's share of the total, without division and with a bias below 2^-32.
  std::uint64_t at = (draw * total) >> 32;
  for (const Backend& backend : rule.backends) {
    if (at < backend.weight) return backend;
    at -= backend.weight;
  }
  return rule.backends.back();
}

std::optional<std::uint32_t> DrawByHeader(const Rule& rule,
                                          std::span<const http::Header> headers) noexcept {
  if (rule.split.empty()) return std::nullopt;
  const auto value = http::FindHeader(headers, rule.split);
  if (!value || value->empty()) return std::nullopt;
  std::uint64_t hash = HashText(kHashSeed, *value);
  // FNV leaves the upper bits of short values alike; this spreads them (MurmurHash3's finalizer).
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdu;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53u;
  return static_cast<std::uint32_t>(hash >> 32);
}

}  // namespace strata::route
