#include "manager/cells/served_lists.h"

#include <cstdint>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::manager {
namespace {

using ::testing::ElementsAre;

cell::Served Of(const std::string& name, const std::string& tenant = "shop") {
  return {tenant, name, 1, "wasm", false, ""};
}

// A cell of "shop" that serves "now" as generation 9, and served lists of it and "gone" before.
cell::State WithLists(std::vector<cell::FormerList> lists) {
  cell::State state;
  state.tenant = "shop";
  state.generation = 9;
  state.functions = {Of("now")};
  state.former = cell::Former{{Of("gone")}, std::move(lists)};
  return state;
}

std::vector<std::string> Names(const ServedList& list) {
  std::vector<std::string> names;
  for (const auto& function : list.functions) names.push_back(function.name);
  return names;
}

TEST(ServedListsTest, ListsComeFromTheOldestOnAndWhatIsServedLast) {
  const auto lists = ListsOf(WithLists({{3, {1, 0}}, {7, {1}}}));
  ASSERT_TRUE(lists.has_value()) << lists.error().message;
  ASSERT_EQ(lists->size(), 3U);
  EXPECT_EQ((*lists)[0].generation, 3U);
  EXPECT_THAT(Names((*lists)[0]), ElementsAre("gone", "now"));
  EXPECT_THAT(Names((*lists)[1]), ElementsAre("gone"));
  EXPECT_EQ((*lists)[2].generation, 9U);
  EXPECT_THAT(Names((*lists)[2]), ElementsAre("now"));
}

TEST(ServedListsTest, ACellThatDoesNotTellFormerListsHasNone) {
  cell::State state = WithLists({});
  state.former.reset();
  const auto lists = ListsOf(state);
  ASSERT_TRUE(lists.has_value()) << lists.error().message;
  ASSERT_EQ(lists->size(), 1U);
  EXPECT_THAT(Names(lists->front()), ElementsAre("now"));
}

TEST(ServedListsTest, AnotherTenantsFunctionIsDeniedInEitherPlace) {
  cell::State served = WithLists({});
  served.functions.push_back(Of("x", "bank"));
  cell::State gone = WithLists({});
  gone.former->functions.push_back(Of("x", "bank"));
  for (cell::State state : {served, gone}) {
    EXPECT_EQ(ListsOf(state).error().code, Errc::kPermissionDenied);
    state.tenant = "";  // a front leads to all
    EXPECT_TRUE(ListsOf(state).has_value());
  }
}

TEST(ServedListsTest, WhatNoManifestCouldNameIsRefusedInEitherPlace) {
  const std::string nul("x\0", 2);
  for (const cell::Served& bad : {Of("/../../etc/x"), Of(nul), Of(""), Of("now", "shop.x"),
                                  cell::Served{"shop", "now", 1, "\"}", false, ""},
                                  cell::Served{"shop", "now", 1, "wasm", false, "@3/x"}}) {
    cell::State served = WithLists({});
    served.functions.push_back(bad);
    cell::State gone = WithLists({});
    gone.former->functions.push_back(bad);
    for (cell::State state : {served, gone}) {
      state.tenant = bad.tenant == "shop" ? "shop" : "";
      EXPECT_EQ(ListsOf(state).error().code, Errc::kInvalidArgument) << bad.name;
    }
  }
  cell::State nobodys = WithLists({});
  nobodys.functions.clear();
  nobodys.former.reset();
  nobodys.tenant = "../x";
  EXPECT_EQ(ListsOf(nobodys).error().code, Errc::kInvalidArgument);
}

struct BadLists {
  const char* label;
  std::vector<cell::FormerList> lists;
};
class ServedListsRefusesTest : public ::testing::TestWithParam<BadLists> {};

TEST_P(ServedListsRefusesTest, AsAnInvalidArgument) {
  const auto lists = ListsOf(WithLists(GetParam().lists));
  ASSERT_FALSE(lists.has_value());
  EXPECT_EQ(lists.error().code, Errc::kInvalidArgument);
}

INSTANTIATE_TEST_SUITE_P(
    All, ServedListsRefusesTest,
    ::testing::Values(BadLists{"APlaceThatIsNone", {{3, {2}}}},
                      BadLists{"ANumberTwice", {{3, {0}}, {3, {0}}}},
                      BadLists{"WhatIsServedNow", {{9, {0}}}},
                      BadLists{
                          "MoreThanACellTells",
                          {{3, std::vector<std::uint32_t>(cell::kMostFormerPlaces, 0)}, {4, {0}}}}),
    [](const auto& info) { return info.param.label; });

}  // namespace
}  // namespace strata::manager
