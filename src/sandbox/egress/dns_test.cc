#include "sandbox/egress/dns.h"

#include <string>

#include <gtest/gtest.h>

namespace strata::sandbox::egress {
namespace {

using std::string_literals::operator""s;

constexpr std::uint16_t kTypeAaaa = 28;

std::string Query(const std::string& labels, std::uint16_t type = DnsQuery::kTypeA) {
  return "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"s + labels + '\0' + '\0' +
         static_cast<char>(type) + "\x00\x01"s;
}

TEST(DnsTest, AQuestionIsRead) {
  const std::string message = Query(
      "\x03"
      "API\x07"
      "example");
  const auto query = ParseDnsQuery(message);
  ASSERT_TRUE(query.has_value()) << query.error().message;
  EXPECT_EQ(query->id, 0x1234);
  EXPECT_TRUE(query->recursion_desired);
  EXPECT_EQ(query->name, "api.example");
  EXPECT_EQ(query->type, DnsQuery::kTypeA);
}

TEST(DnsTest, WhatFollowsTheQuestionIsIgnored) {
  const auto query = ParseDnsQuery(Query("\x01"
                                         "a") +
                                   "\x00\x00\x29\x04"s);
  ASSERT_TRUE(query.has_value());
  EXPECT_EQ(query->name, "a");
}

TEST(DnsTest, ADotInsideALabelIsNoBorder) {
  const std::string message = Query(
      "\x05"
      "a.b\n\xff");
  EXPECT_EQ(ParseDnsQuery(message)->name, "a\\046b\\010\\255");
}

TEST(DnsTest, WhatIsNoPlainQueryIsRefused) {
  const std::string good = Query(
      "\x01"
      "a");
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(ParseDnsQuery(good.substr(0, size)).has_value()) << size;
  }
  const auto changed = [&good](std::size_t at, char to) {
    std::string message = good;
    message[at] = to;
    return ParseDnsQuery(message).has_value();
  };
  EXPECT_TRUE(changed(0, 'x'));
  EXPECT_FALSE(changed(2, '\x81'));   // an answer
  EXPECT_FALSE(changed(2, '\x29'));   // a notification
  EXPECT_FALSE(changed(5, 2));        // two questions
  EXPECT_FALSE(changed(12, '\xc0'));  // a compressed name
  EXPECT_FALSE(changed(12, 64));      // a long label
  EXPECT_FALSE(changed(18, 3));       // of class CHAOS
}

TEST(DnsTest, ANameIsAtMost255BytesLong) {
  const auto labels = [](int count, std::size_t last) {
    std::string all;
    for (int i = 0; i < count; ++i) all += '\x3f' + std::string(63, 'x');
    return all + static_cast<char>(last) + std::string(last, 'x');
  };
  EXPECT_TRUE(ParseDnsQuery(Query(labels(3, 61))).has_value());
  EXPECT_FALSE(ParseDnsQuery(Query(labels(3, 62))).has_value());
}

TEST(DnsTest, AnAddressIsAnswered) {
  const std::string message = Query(
      "\x01"
      "a");
  const std::string answer = DnsAnswer(*ParseDnsQuery(message), host::Ipv4{0xc6120001});
  EXPECT_EQ(answer,
            "\x12\x34\x85\x80\x00\x01\x00\x01\x00\x00\x00\x00"s +
                "\x01"
                "a\x00\x00\x01"s +
                "\x00\x01\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc6\x12\x00\x01"s);
}

TEST(DnsTest, ANameWithAnAddressHasNothingOfOtherTypes) {
  const std::string message = Query(
      "\x01"
      "a",
      kTypeAaaa);
  const std::string answer = DnsAnswer(*ParseDnsQuery(message), host::Ipv4{0xc6120001});
  EXPECT_EQ(answer, "\x12\x34\x85\x80\x00\x01\x00\x00\x00\x00\x00\x00"s +
                        "\x01"
                        "a\x00\x00\x1c"s +
                        "\x00\x01"s);
}

TEST(DnsTest, ANameWithoutAnAddressDoesNotExist) {
  const std::string message = Query(
      "\x01"
      "a");
  const std::string answer = DnsAnswer(*ParseDnsQuery(message), std::nullopt);
  EXPECT_EQ(answer.substr(0, 4), "\x12\x34\x85\x83"s);
  EXPECT_EQ(answer.substr(12), message.substr(12));
}

}  // namespace
}  // namespace strata::sandbox::egress
