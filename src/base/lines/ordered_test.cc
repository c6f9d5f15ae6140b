#include "base/lines/ordered.h"

#include <string>

#include <gtest/gtest.h>

namespace strata {
namespace {

using Names = Ordered<std::string, int>;

std::string InOrder(const Names& names) {
  std::string all;
  for (const auto& [key, name] : names) all += name;
  return all;
}

TEST(OrderedTest, EachIsThereOnceWhereItsLastKeyPutsIt) {
  Names names;
  EXPECT_TRUE(names.empty());
  names.Put("a", 3);
  names.Put("b", 1);
  names.Put("c", 2);
  EXPECT_EQ(InOrder(names), "bca");
  names.Put("a", 0);
  EXPECT_EQ(InOrder(names), "abc");
  EXPECT_EQ(names.first().second, "a");
  EXPECT_EQ(names.size(), 3U);
}

TEST(OrderedTest, WhatIsDroppedIsGoneAndMayComeAgain) {
  Names names;
  names.Put("a", 1);
  names.Put("b", 1);
  names.Drop("a");
  names.Drop("nobody");
  EXPECT_EQ(InOrder(names), "b");
  names.Put("a", 2);
  EXPECT_EQ(InOrder(names), "ba");
}

TEST(OrderedTest, OthersMayChangePlacesWhileItIsGoneThrough) {
  Names names;
  for (const int key : {1, 2, 3, 4}) names.Put(std::string(1, static_cast<char>('a' + key)), key);
  std::string seen;
  for (const auto& [key, name] : names) {
    seen += name;
    names.Put(name, key);  // as before
    if (name == "c") names.Put("d", 9);
    if (name == "c") names.Drop("b");
  }
  EXPECT_EQ(seen, "bced");
}

}  // namespace
}  // namespace strata
