#include "route/plan/table.h"

#include <algorithm>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"

namespace strata::route {
namespace {

using Kind = Table::Match::Kind;

Rule MakeRule(std::string host, std::string path, std::vector<std::string> methods,
              std::uint32_t function) {
  return {std::move(host), std::move(path), std::move(methods), {{function, 100}}};
}

Table MustBuild(std::vector<Rule> rules) {
  auto table = Table::Build(std::move(rules), 1000);
  EXPECT_TRUE(table.has_value()) << table.error().message;
  return std::move(*table);
}

// The function that answers, or -1 for no route, -2 for the wrong method.
int Answer(const Table& table, std::string_view host, std::string_view path,
           std::string_view method = "GET", std::span<const http::Header> headers = {}) {
  const auto match = table.Find(host, path, method, headers);
  if (match.kind == Kind::kNoRoute) return -1;
  if (match.kind == Kind::kWrongMethod) return -2;
  return static_cast<int>(match.rule->backends.front().function);
}

TEST(TableTest, AnEmptyTableHasNoRoute) {
  EXPECT_EQ(Answer(Table(), "a", "/"), -1);
  EXPECT_EQ(Answer(MustBuild({}), "a", "/"), -1);
}

TEST(TableTest, ARuleThatNobodyServesLeavesItsRequestsToNoOther) {
  const Table table = MustBuild({MakeRule("*", "/", {}, 1), Rule{"*", "/a", {}, {}}});
  const auto match = table.Find("x", "/a/b", "GET");
  ASSERT_EQ(match.kind, Kind::kFound);
  EXPECT_TRUE(match.rule->backends.empty());
}

TEST(TableTest, PrefixesEndAtSegments) {
  const Table table = MustBuild({MakeRule("*", "/a", {}, 1), MakeRule("*", "/a/b/", {}, 2)});
  EXPECT_EQ(Answer(table, "x", "/a"), 1);
  EXPECT_EQ(Answer(table, "x", "/a/"), 1);
  EXPECT_EQ(Answer(table, "x", "/ab"), -1);
  EXPECT_EQ(Answer(table, "x", "/a/bc"), 1);
  EXPECT_EQ(Answer(table, "x", "/a/b"), 2);
  EXPECT_EQ(Answer(table, "x", "/a/b/c/d"), 2);
  EXPECT_EQ(Answer(table, "x", "/"), -1);
}

TEST(TableTest, TheRootTakesEverything) {
  const Table table = MustBuild({MakeRule("*", "/", {}, 7)});
  EXPECT_EQ(Answer(table, "x", "/"), 7);
  EXPECT_EQ(Answer(table, "x", "/deep/er"), 7);
}

TEST(TableTest, AnExactHostBeatsALongerPathOfAnyHost) {
  const Table table =
      MustBuild({MakeRule("*", "/a/b", {}, 1), MakeRule("shop.example", "/", {}, 2)});
  EXPECT_EQ(Answer(table, "shop.example", "/a/b"), 2);
  EXPECT_EQ(Answer(table, "SHOP.Example", "/a/b"), 2);
  EXPECT_EQ(Answer(table, "other.example", "/a/b"), 1);
}

TEST(TableTest, AMethodThatNobodyTakesIsTheWrongMethodAndAllowNamesTheRest) {
  const Table table =
      MustBuild({MakeRule("*", "/a", {"PUT", "GET"}, 1), MakeRule("*", "/a/b", {"DELETE"}, 2)});
  EXPECT_EQ(Answer(table, "x", "/a/b", "POST"), -2);
  EXPECT_EQ(table.Allow("x", "/a/b"), "DELETE, GET, PUT");
  EXPECT_EQ(table.Allow("x", "/a"), "GET, PUT");
  EXPECT_EQ(table.Allow("x", "/other"), "");
}

TEST(TableTest, ALongerPathWithAnotherMethodGivesWayToAShorterOne) {
  const Table table =
      MustBuild({MakeRule("*", "/a", {"GET"}, 1), MakeRule("*", "/a/b", {"POST"}, 2)});
  EXPECT_EQ(Answer(table, "x", "/a/b", "GET"), 1);
  EXPECT_EQ(Answer(table, "x", "/a/b", "POST"), 2);
}

TEST(TableTest, ANamedMethodBeatsARuleThatTakesAll) {
  const Table table = MustBuild({MakeRule("*", "/a", {}, 1), MakeRule("*", "/a", {"POST"}, 2)});
  EXPECT_EQ(Answer(table, "x", "/a", "POST"), 2);
  EXPECT_EQ(Answer(table, "x", "/a", "GET"), 1);
}

using Headers = std::vector<http::Header>;

Rule WithHeaders(Rule rule, std::vector<model::HeaderMatch> headers) {
  rule.headers = std::move(headers);
  return rule;
}

TEST(TableTest, HeadersMustAllBeThereAndMoreBeatFewer) {
  const Table table = MustBuild(
      {MakeRule("*", "/a", {}, 1), WithHeaders(MakeRule("*", "/a", {}, 2), {{"x-env", "test"}}),
       WithHeaders(MakeRule("*", "/a", {}, 3), {{"x-env", "test"}, {"x-user", "ann"}})});
  EXPECT_EQ(Answer(table, "h", "/a"), 1);
  EXPECT_EQ(Answer(table, "h", "/a", "GET", Headers{{"X-Env", "test"}}), 2);
  EXPECT_EQ(Answer(table, "h", "/a", "GET", Headers{{"x-user", "ann"}, {"x-env", "test"}}), 3);
  EXPECT_EQ(Answer(table, "h", "/a", "GET", Headers{{"x-user", "ann"}}), 1);
  EXPECT_EQ(Answer(table, "h", "/a", "GET", Headers{{"x-env", "TEST"}}), 1);
  EXPECT_EQ(Answer(table, "h", "/a", "GET", Headers{{"x-env", "test"}, {"X-ENV", "prod"}}), 1)
      << "nobody can tell which one the guest reads";
}

TEST(TableTest, AMethodBeatsHeadersAndAPathBeatsBoth) {
  const Table table = MustBuild({MakeRule("*", "/a", {"GET"}, 1),
                                 WithHeaders(MakeRule("*", "/a", {}, 2), {{"x", "1"}}),
                                 MakeRule("*", "/a/b", {}, 3)});
  const Headers headers = {{"x", "1"}};
  EXPECT_EQ(Answer(table, "h", "/a", "GET", headers), 1);
  EXPECT_EQ(Answer(table, "h", "/a", "PUT", headers), 2);
  EXPECT_EQ(Answer(table, "h", "/a/b", "GET", headers), 3);
}

TEST(TableTest, OfEquallyManyHeadersTheFirstByNameAndValueWins) {
  const Table table = MustBuild({WithHeaders(MakeRule("*", "/", {}, 1), {{"b", "1"}}),
                                 WithHeaders(MakeRule("*", "/", {}, 2), {{"a", "2"}})});
  EXPECT_EQ(Answer(table, "h", "/", "GET", Headers{{"b", "1"}, {"a", "2"}}), 2);
  EXPECT_EQ(Answer(table, "h", "/", "GET", Headers{{"b", "1"}}), 1);
}

TEST(TableTest, WithoutItsHeadersARouteIsNoneAndItsMethodsAreNotAllowed) {
  const Table table = MustBuild(
      {MakeRule("*", "/", {"GET"}, 1), WithHeaders(MakeRule("*", "/a", {"PUT"}, 2), {{"x", "1"}}),
       WithHeaders(MakeRule("only.example", "/", {"PUT"}, 3), {{"x", "1"}})});
  EXPECT_EQ(Answer(table, "h", "/a"), 1);
  EXPECT_EQ(Answer(table, "h", "/a", "POST", Headers{{"x", "1"}}), -2);
  EXPECT_EQ(table.Allow("h", "/a"), "GET");
  EXPECT_EQ(table.Allow("h", "/a", Headers{{"x", "1"}}), "GET, PUT");
}

TEST(TableTest, PathsDeeperThanAnyRuleStillMatch) {
  std::string path;
  for (int i = 0; i < 200; ++i) path += "/s";
  EXPECT_EQ(Answer(MustBuild({MakeRule("*", "/s/s", {}, 3)}), "x", path), 3);
}

struct BadTable {
  const char* label;
  std::vector<Rule> rules;
};
class TableRefusesTest : public ::testing::TestWithParam<BadTable> {};

TEST_P(TableRefusesTest, IsInvalid) {
  const auto table = Table::Build(GetParam().rules, 2);
  ASSERT_FALSE(table.has_value());
  EXPECT_EQ(table.error().code, Errc::kInvalidArgument);
  EXPECT_NE(table.error().message.find("route '"), std::string::npos) << table.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    Rules, TableRefusesTest,
    ::testing::Values(
        BadTable{"EmptyHost", {MakeRule("", "/", {}, 0)}},
        BadTable{"UpperCaseHost", {MakeRule("A", "/", {}, 0)}},
        BadTable{"RelativePath", {MakeRule("*", "a", {}, 0)}},
        BadTable{"DotDot", {MakeRule("*", "/a/../b", {}, 0)}},
        BadTable{"UnknownFunction", {MakeRule("*", "/", {}, 2)}},
        BadTable{"UnknownMirror", {Rule{"*", "/", {}, {{0, 1}}, {}, {}, Mirror{2, 100}}}},
        BadTable{"NoWeight", {Rule{"*", "/", {}, {{0, 0}, {1, 0}}}}},
        BadTable{"WeightOverflow", {Rule{"*", "/", {}, {{0, ~0u}, {1, 1}}}}},
        BadTable{"TwoOwners", {MakeRule("*", "/a", {"GET"}, 0), MakeRule("*", "/a/", {"GET"}, 1)}},
        BadTable{"TwoOwnersOfHeaders",
                 {WithHeaders(MakeRule("*", "/a", {"GET"}, 0), {{"x", "1"}}),
                  WithHeaders(MakeRule("*", "/a", {"GET"}, 1), {{"x", "1"}})}},
        BadTable{"TwoOwnersOfAll", {MakeRule("*", "/a", {}, 0), MakeRule("*", "/a", {}, 1)}}),
    [](const auto& info) { return info.param.label; });

TEST(PickBackendTest, SharesFollowTheWeights) {
  const Rule rule{"*", "/", {}, {{0, 900}, {1, 0}, {2, 100}}};
  SeededRandom random(7);
  std::vector<int> hits(3);
  for (int i = 0; i < 10'000; ++i) {
    ++hits[PickBackend(rule, static_cast<std::uint32_t>(random.Next())).function];
  }
  EXPECT_NEAR(hits[0], 9000, 200);
  EXPECT_EQ(hits[1], 0);
  EXPECT_NEAR(hits[2], 1000, 200);
}

TEST(DrawByHeaderTest, OneValueStaysAndAllSpreadByWeight) {
  Rule rule{"*", "/", {}, {{0, 90}, {1, 10}}};
  EXPECT_FALSE(DrawByHeader(rule, Headers{{"x-user", "ann"}})) << "nothing to split by";
  rule.split = "x-user";
  EXPECT_FALSE(DrawByHeader(rule, Headers{{"x-other", "ann"}}));
  EXPECT_FALSE(DrawByHeader(rule, Headers{{"x-user", ""}}));
  EXPECT_EQ(DrawByHeader(rule, Headers{{"X-User", "ann"}}),
            DrawByHeader(rule, Headers{{"x-user", "ann"}}));
  // In every process and on every day the same.
  EXPECT_EQ(DrawByHeader(rule, Headers{{"x-user", "ann"}}), 1'861'534'635U);

  Rule grown = rule;
  grown.backends[0].weight = 50;
  grown.backends[1].weight = 50;
  int moved = 0;
  int stayed = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string user = "user-" + std::to_string(i);
    const std::uint32_t draw = *DrawByHeader(rule, Headers{{"x-user", user}});
    const bool before = PickBackend(rule, draw).function == 1;
    const bool after = PickBackend(grown, draw).function == 1;
    moved += after ? 1 : 0;
    stayed += before && after ? 1 : 0;
    EXPECT_FALSE(before && !after) << user << " lost what it had";
  }
  EXPECT_NEAR(stayed, 1000, 100);
  EXPECT_NEAR(moved, 5000, 200);
}

// ---- the table against a reference that tries every rule ----------------------------------------

bool ReferencePrefix(const std::string& prefix, const std::string& path) {
  if (prefix == "/") return true;
  return path == prefix || path.starts_with(prefix + "/");
}

// What route/plan/table.h promises, written as directly as it can be.
int Reference(const std::vector<Rule>& rules, const std::string& host, const std::string& path,
              const std::string& method, const std::set<std::string>& headers) {
  const Rule* best = nullptr;
  bool wrong_method = false;
  const auto rank = [](const Rule& rule) {
    return std::tuple(rule.host != "*", rule.path == "/" ? 0 : rule.path.size(),
                      !rule.methods.empty(), rule.headers.size());
  };
  for (const Rule& rule : rules) {
    if (rule.host != "*" && rule.host != host) continue;
    if (!ReferencePrefix(rule.path, path)) continue;
    if (!std::ranges::all_of(rule.headers,
                             [&](const auto& each) { return headers.contains(each.name); })) {
      continue;
    }
    if (!rule.methods.empty() && std::ranges::find(rule.methods, method) == rule.methods.end()) {
      wrong_method = true;
      continue;
    }
    if (best == nullptr || rank(rule) > rank(*best) ||
        (rank(rule) == rank(*best) && rule.headers < best->headers)) {
      best = &rule;
    }
  }
  if (best != nullptr) return static_cast<int>(best->backends.front().function);
  return wrong_method ? -2 : -1;
}

std::string RandomPath(SeededRandom& random) {
  std::string path;
  for (std::uint64_t depth = random.Below(5); depth > 0; --depth) {
    path += "/";
    for (std::uint64_t n = 1 + random.Below(2); n > 0; --n) {
      path += static_cast<char>('a' + random.Below(2));
    }
  }
  return path.empty() ? "/" : path;
}

TEST(TablePropertyTest, AgreesWithTheReferenceOnRandomTables) {
  const std::vector<std::string> hosts = {"*", "a.example", "b.example"};
  const std::vector<std::string> methods = {"GET", "POST", "PUT"};
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random(seed);
    std::vector<Rule> rules;
    std::set<std::string> owners;  // host, path, method: one rule each
    for (std::uint64_t n = random.Below(40); n > 0; --n) {
      const std::string& host = hosts[random.Below(hosts.size())];
      const std::string path = RandomPath(random);
      const std::uint64_t pick = random.Below(methods.size() + 1);
      std::vector<std::string> takes;
      if (pick < methods.size()) takes.push_back(methods[pick]);
      std::vector<model::HeaderMatch> headers;
      std::string place = host + path + (takes.empty() ? "" : " " + takes[0]);
      for (const char* name : {"x", "y", "z"}) {
        if (random.Below(4) != 0) continue;
        headers.push_back({name, "1"});
        place.append(" ").append(name);
      }
      if (!owners.insert(place).second) continue;
      rules.push_back(
          WithHeaders(MakeRule(host, path, takes, static_cast<std::uint32_t>(rules.size())),
                      std::move(headers)));
    }
    const Table table = MustBuild(rules);
    for (int i = 0; i < 200; ++i) {
      const std::string host = i % 4 == 0 ? "c.example" : hosts[1 + random.Below(2)];
      const std::string path = RandomPath(random);
      const std::string& method = methods[random.Below(methods.size())];
      Headers headers;
      std::set<std::string> there;
      for (const char* name : {"x", "y", "z"}) {
        if (random.Below(2) == 0) continue;
        headers.push_back({name, "1"});
        there.insert(name);
      }
      ASSERT_EQ(Answer(table, host, path, method, headers),
                Reference(rules, host, path, method, there))
          << method << " " << host << path;
    }
  }
}

}  // namespace
}  // namespace strata::route
