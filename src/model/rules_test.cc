#include "model/rules.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::model {
namespace {

TEST(RulesTest, PathsHaveOneSpelling) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"/", "/"},
      {"/a", "/a"},
      {"/a/", "/a"},
      {"/a/b", "/a/b"},
      {"/%61", "/a"},
      {"/%7euser", "/~user"},
      {"/a%2a", "/a%2A"},
      {"/a%20b", "/a%20b"},
      {"/a b", "/a%20b"},
      {"/\xc3\xbc", "/%C3%BC"},
      {"/%c3%bc", "/%C3%BC"},
      {"/a;b=c,d@e:f!$&'()*+", "/a;b=c,d@e:f!$&'()*+"},
      {"/a%3f", "/a%3F"},
      {"/...", "/..."},
      {"/%25", "/%25"},
  };
  for (const auto& [text, normal] : cases) {
    const auto path = NormalizePath(text);
    ASSERT_TRUE(path) << path.error().message;
    EXPECT_EQ(*path, normal) << text;
    EXPECT_EQ(NormalizePath(*path).value(), *path) << "not stable: " << text;
  }
}

TEST(RulesTest, PathsThatCouldMeanAnotherPlaceAreRefused) {
  for (const std::string text :
       {"",           "a",     "/..",    "/a/..", "/../a", "/.",       "/a/./b",
        "/%2e%2E",    "/%2e",  "//",     "//a",   "/a//b", "/a//",     "/a%2fb",
        "/a%2F..%2f", "/a\\b", "/a%5cb", "/a%00", "/a\n",  "/a%0d%0a", "/\x7f",
        "/a?b",       "/a#b",  "/%",     "/%4",   "/%zz",  "/a%2"}) {
    EXPECT_FALSE(NormalizePath(text)) << text;
  }
  EXPECT_FALSE(NormalizePath("/" + std::string(1024, 'a')));
}

TEST(RulesTest, HostsAreExactLowerCaseNames) {
  EXPECT_EQ(*NormalizeHost("*"), "*");
  EXPECT_EQ(*NormalizeHost("Api.Example.COM"), "api.example.com");
  EXPECT_EQ(*NormalizeHost("localhost"), "localhost");
  EXPECT_EQ(*NormalizeHost("127.0.0.1"), "127.0.0.1");
  for (const std::string text :
       {"", "*.a", "a.", ".a", "a..b", "-a", "a-", "a_b", "a:80", "[::1]", "a b", "\xc3\xbc.de"}) {
    EXPECT_FALSE(NormalizeHost(text)) << text;
  }
  EXPECT_FALSE(NormalizeHost(std::string(64, 'a')));
}

TEST(RulesTest, HttpGrantsNameOneDestination) {
  EXPECT_EQ(*ParseHttpGrant("API.example.com:443"), (HttpGrant{"api.example.com", 443}));
  EXPECT_EQ(HttpGrantToString(*ParseHttpGrant("10.0.0.1:65535")), "10.0.0.1:65535");
  for (const std::string text :
       {"", ":", "a", "a:", ":1", "a:0", "a:01", "a:65536", "a:-1", "a:1x", "*:1", "*.a:1",
        "http://a:1", "a:1/x", "a b:1", "[::1]:1", "a:1:2", "a@b:1"}) {
    EXPECT_FALSE(ParseHttpGrant(text)) << text;
  }
}

TEST(RulesTest, GuestPathsAreAbsoluteAndPlain) {
  EXPECT_FALSE(GuestPathProblem("/data"));
  EXPECT_FALSE(GuestPathProblem("/a/b c/.hidden"));
  for (const std::string text :
       {"", "a", "./a", "/", "/a/", "/a/../b", "/..", "/a/.", "//a", "/a\n"}) {
    EXPECT_TRUE(GuestPathProblem(text)) << text;
  }
}

TEST(RulesTest, NamesFollowKubernetes) {
  EXPECT_FALSE(DnsLabelProblem("a"));
  EXPECT_FALSE(DnsLabelProblem("a-1"));
  EXPECT_FALSE(DnsLabelProblem(std::string(63, 'a')));
  for (const std::string text : {"", "-a", "a-", "A", "a.b", "a_b", "a/b"}) {
    EXPECT_TRUE(DnsLabelProblem(text)) << text;
  }
  EXPECT_TRUE(DnsLabelProblem(std::string(64, 'a')));
  EXPECT_FALSE(LabelKeyProblem("app.kubernetes.io/name"));
  EXPECT_FALSE(LabelKeyProblem("A_b.c-d"));
  for (const std::string text : {"", "/a", "a/", "a/b/c", "A_/b", "-a", "a b"}) {
    EXPECT_TRUE(LabelKeyProblem(text)) << text;
  }
  EXPECT_FALSE(LabelValueProblem(""));
  EXPECT_TRUE(LabelValueProblem("a "));
}

TEST(RulesTest, MethodsAreUpperCaseTokens) {
  for (const std::string text : {"GET", "M-SEARCH", "X_1"}) EXPECT_FALSE(MethodProblem(text));
  for (const std::string text : {"", "get", "GET ", "CONNECT", "ABCDEFGHIJKL", "G/T"}) {
    EXPECT_TRUE(MethodProblem(text)) << text;
  }
}

TEST(RulesTest, AKeepAliveIsANumberWithItsUnit) {
  using std::chrono::milliseconds;
  EXPECT_EQ(*ParseKeepAlive("0s"), milliseconds(0));
  EXPECT_EQ(*ParseKeepAlive("1500ms"), milliseconds(1500));
  EXPECT_EQ(*ParseKeepAlive("24h"), milliseconds(86'400'000));
  for (const std::string text :
       {"", "5", "s", "-1s", "1.5s", "1s ", "5 m", "25h", "4294967296s", "1d", "auto"}) {
    EXPECT_FALSE(ParseKeepAlive(text)) << text;
  }
  for (const std::string text : {"0s", "1500ms", "90s", "5m", "24h"}) {
    EXPECT_EQ(KeepAliveToString(*ParseKeepAlive(text)), text);
  }
}

TEST(RulesTest, NoMethodsMeansEveryMethod) {
  EXPECT_TRUE(MethodsOverlap({}, {}));
  EXPECT_TRUE(MethodsOverlap({}, {"GET"}));
  EXPECT_TRUE(MethodsOverlap({"GET", "PUT"}, {"PUT"}));
  EXPECT_FALSE(MethodsOverlap({"GET"}, {"PUT"}));
}

}  // namespace
}  // namespace strata::model
