#include "gateway/hop_head.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace strata::gateway {
namespace {

std::string HeadFor(std::vector<http::Header> headers, HopBody body = HopBody::kNone) {
  http::RequestHead head;
  head.method = "POST";
  head.target = "/cart?id=1";
  head.headers = headers;
  head.content_length = 5;
  cell::HopField field;
  field.tenant = "shop";
  field.function = "cart";
  field.scheme = "http";
  field.peer = "192.0.2.7:5000";
  std::string text;
  AppendHopHead(head, body, field, text);
  return text;
}

TEST(HopHeadTest, CarriesTheClientsFieldsAndOursLast) {
  const std::string text = HeadFor({{"Host", "a.example"}, {"Accept", "*/*"}});
  EXPECT_TRUE(
      text.starts_with("POST /cart?id=1 HTTP/1.1\r\nHost: a.example\r\nAccept: */*\r\n"
                       "strata-hop: shop cart 0 "))
      << text;
  EXPECT_TRUE(text.ends_with(" 0 http 192.0.2.7:5000\r\n\r\n")) << text;
}

TEST(HopHeadTest, WhatAClientSaysInOurNameIsDropped) {
  const std::string text = HeadFor({{"Strata-Hop", "evil"}, {"STRATA-HOP", "worse"}});
  EXPECT_EQ(text.find("evil"), std::string::npos);
  EXPECT_EQ(text.find("worse"), std::string::npos);
}

TEST(HopHeadTest, FieldsOfTheClientsConnectionStayBehind) {
  const std::string text = HeadFor({{"Connection", "keep-alive, X-Mine"},
                                    {"x-mine", "1"},
                                    {"TE", "trailers"},
                                    {"Expect", "100-continue"},
                                    {"Transfer-Encoding", "chunked"},
                                    {"X-Other", "2"}});
  EXPECT_EQ(text.find("x-mine"), std::string::npos);
  EXPECT_EQ(text.find("trailers"), std::string::npos);
  EXPECT_EQ(text.find("100-continue"), std::string::npos);
  EXPECT_EQ(text.find("chunked"), std::string::npos);
  EXPECT_NE(text.find("X-Other: 2"), std::string::npos);
}

TEST(HopHeadTest, AHostStaysWhateverTheConnectionFieldNames) {
  EXPECT_NE(HeadFor({{"Host", "a.example"}, {"Connection", "host"}}).find("Host: a.example"),
            std::string::npos);
}

TEST(HopHeadTest, TheBodyIsFramedAnew) {
  EXPECT_NE(HeadFor({{"content-length", "5"}}, HopBody::kSized).find("Content-Length: 5\r\n"),
            std::string::npos);
  EXPECT_NE(HeadFor({}, HopBody::kChunked).find("Transfer-Encoding: chunked\r\n"),
            std::string::npos);
}

}  // namespace
}  // namespace strata::gateway
