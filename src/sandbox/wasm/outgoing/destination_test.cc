#include "sandbox/wasm/outgoing/destination.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace strata::sandbox::wasm::outgoing {
namespace {

TEST(DestinationTest, TakesThePortFromTheSchemeAndLowersTheHost) {
  EXPECT_EQ(*ParseDestination("http", "Example.COM"), (Destination{"example.com", 80, false}));
  EXPECT_EQ(*ParseDestination("https", "example.com"), (Destination{"example.com", 443, true}));
  EXPECT_EQ(*ParseDestination("http", "a-b.c:8080"), (Destination{"a-b.c", 8080, false}));
  EXPECT_EQ(*ParseDestination("https", "[::1]:8443"), (Destination{"::1", 8443, true}));
}

struct Bad {
  const char* label;
  const char* scheme;
  const char* authority;
};
class BadDestinationTest : public ::testing::TestWithParam<Bad> {};

TEST_P(BadDestinationTest, IsAnInvalidArgument) {
  const auto parsed = ParseDestination(GetParam().scheme, GetParam().authority);
  ASSERT_FALSE(parsed.has_value());
  EXPECT_EQ(parsed.error().code, Errc::kInvalidArgument);
}

INSTANTIATE_TEST_SUITE_P(
    Authorities, BadDestinationTest,
    ::testing::Values(Bad{"Scheme", "ftp", "a"}, Bad{"Empty", "http", ""},
                      Bad{"UserInfo", "http", "u@a"}, Bad{"PortRange", "http", "a:65536"},
                      Bad{"PortZero", "http", "a:0"}, Bad{"PortJunk", "http", "a:80x"},
                      Bad{"PortEmpty", "http", "a:"}, Bad{"Space", "http", "a b"},
                      Bad{"Newline", "http", "a\r\nX: y"}, Bad{"OpenBracket", "http", "[::1"},
                      Bad{"TwoPorts", "http", "a:1:2"}, Bad{"Path", "http", "a/b"}),
    [](const auto& info) { return info.param.label; });

TEST(DestinationTest, OnlyTheExactHostAndPortAreGranted) {
  const std::vector<model::HttpGrant> grants{{"api.example.com", 443}};
  const auto granted = [&](std::string_view authority) {
    return IsGranted(grants, *ParseDestination("https", authority));
  };
  EXPECT_TRUE(granted("API.example.com"));
  EXPECT_FALSE(granted("api.example.com:8443"));
  EXPECT_FALSE(granted("example.com"));
  EXPECT_FALSE(granted("x.api.example.com"));
  EXPECT_FALSE(granted("api.example.com.evil.net"));
  EXPECT_FALSE(granted("api.example.com."));
}

}  // namespace
}  // namespace strata::sandbox::wasm::outgoing
