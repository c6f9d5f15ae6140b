#include "kube/controller/watch_stream.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace strata::kube::controller {
namespace {

class WatchStreamTest : public ::testing::Test {
 protected:
  std::vector<WatchEvent> events_;
  WatchStream stream_{[this](WatchEvent event) { events_.push_back(std::move(event)); }};
};

TEST_F(WatchStreamTest, EventsArriveHoweverTheyAreCut) {
  const std::string text =
      "{\"type\":\"ADDED\",\"object\":{\"a\":1}}\n\n{\"type\":\"MODIFIED\",\"object\":{\"a\":2}}\n"
      "{\"type\":\"DELETED\",\"object\":{\"a\":3}}\n{\"type\":\"BOOKMARK\",\"object\":{\"a\":4}}\n";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    events_.clear();
    for (std::size_t at = 0; at < text.size(); at += size) {
      ASSERT_TRUE(stream_.Feed(std::string_view(text).substr(at, size)).has_value());
    }
    ASSERT_EQ(events_.size(), 4U) << size;
    EXPECT_EQ(events_[0].kind, WatchEvent::Kind::kSet);
    EXPECT_EQ(events_[1].kind, WatchEvent::Kind::kSet);
    EXPECT_EQ(events_[2].kind, WatchEvent::Kind::kGone);
    EXPECT_EQ(events_[3].kind, WatchEvent::Kind::kBookmark);
    EXPECT_EQ(events_[3].object["a"], 4);
  }
}

TEST_F(WatchStreamTest, AnErrorOfTheServersAsksForAList) {
  for (const char* object : {R"({"code":410,"message":"too old"})", R"({"code":500})", "{}"}) {
    auto fed = stream_.Feed(R"({"type":"ERROR","object":)" + std::string(object) + "}\n");
    ASSERT_FALSE(fed.has_value()) << object;
    EXPECT_EQ(fed.error().code, Errc::kFailedPrecondition) << object;
  }
}

TEST_F(WatchStreamTest, WhatIsNoEventIsRefused) {
  for (const char* line :
       {"nonsense", "[]", "{}", "{\"type\":1,\"object\":{}}", "{\"type\":\"ADDED\"}",
        "{\"type\":\"ADDED\",\"object\":1}", "{\"type\":\"LOST\",\"object\":{}}"}) {
    auto fed = stream_.Feed(std::string(line) + "\n");
    ASSERT_FALSE(fed.has_value()) << line;
    EXPECT_EQ(fed.error().code, Errc::kInvalidArgument) << line;
  }
  EXPECT_TRUE(events_.empty());
}

TEST_F(WatchStreamTest, ALineWithoutAnEndIsBounded) {
  const std::string much(1 << 20, 'x');
  Result<void> fed;
  for (std::uint64_t fits = 0; fits <= kMostOfEvent.count && fed; fits += much.size()) {
    fed = stream_.Feed(much);
  }
  ASSERT_FALSE(fed.has_value());
  EXPECT_EQ(fed.error().code, Errc::kResourceExhausted);
}

}  // namespace
}  // namespace strata::kube::controller
