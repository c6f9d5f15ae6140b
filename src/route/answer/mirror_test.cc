#include "route/answer/mirror.h"

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/text/byte_view.h"
#include "sandbox/testing/call_fixture.h"

namespace strata::route {
namespace {

using sandbox::testing::FakeExchange;

// Reads all that is there.
std::string Read(http::BodySource& body) {
  std::string text;
  std::array<char, 1000> piece;
  while (!body.ended()) {
    const auto count = body.TryRead(std::as_writable_bytes(std::span(piece)));
    if (!count || *count == 0) break;
    text.append(piece.data(), *count);
  }
  return text;
}

class MirrorTest : public ::testing::Test {
 protected:
  Loop loop_{1};
  FakeExchange exchange_{loop_};
};

TEST_F(MirrorTest, ACopyOutlivesItsRequest) {
  std::unique_ptr<RequestCopy> copy;
  {
    const std::string target = "/a?b=c";
    const std::string value = "text/plain";
    const std::vector<http::Header> headers = {{"accept", value}};
    http::RequestHead head;
    head.method = "PUT";
    head.target = target;
    head.path = std::string_view(target).substr(0, 2);
    head.query = std::string_view(target).substr(3);
    head.headers = headers;
    copy = std::make_unique<RequestCopy>(head);
  }
  EXPECT_EQ(copy->head().method, "PUT");
  EXPECT_EQ(copy->head().target, "/a?b=c");
  EXPECT_EQ(copy->head().path, "/a");
  EXPECT_EQ(copy->head().query, "b=c");
  EXPECT_EQ(http::FindHeader(copy->head().headers, "Accept"), "text/plain");
}

TEST_F(MirrorTest, WhatPassesIsCopiedAndSeen) {
  exchange_.body_source.Push("a body").End();
  RequestCopy copy(exchange_.head());
  CopyingExchange copying(exchange_, copy);
  EXPECT_FALSE(copying.complete()) << "nothing was read yet";
  EXPECT_EQ(Read(copying.body()), "a body");
  EXPECT_EQ(copy.body, "a body");
  ASSERT_TRUE(copying.sink().Head({201, {}}));
  ASSERT_TRUE(copying.sink().TryWrite(AsBytes("an answer")));
  EXPECT_TRUE(copying.complete());
  EXPECT_EQ(exchange_.response_sink.text(), "an answer");

  ShadowExchange shadow(copy);
  EXPECT_EQ(Read(shadow.body()), "a body");
  EXPECT_FALSE(shadow.LimitBody(5_B));
  ASSERT_TRUE(shadow.sink().Head({201, {}}));
  ASSERT_TRUE(shadow.sink().TryWrite(AsBytes("an ")));
  EXPECT_NE(shadow.answer(), copying.answer());
  ASSERT_TRUE(shadow.sink().TryWrite(AsBytes("answer")));
  EXPECT_EQ(shadow.answer(), copying.answer()) << "how it is cut does not count";
}

TEST_F(MirrorTest, OnlyTheStatusOrTheLengthMayDiffer) {
  AnswerSeen one;
  AnswerSeen other;
  other.status = 500;
  EXPECT_NE(one, other);
  other.status = 0;
  other.Add(AsBytes("x"));
  EXPECT_NE(one, other);
}

TEST_F(MirrorTest, ALongBodyPassesAndIsNotKept) {
  const std::string body(kMirrorBody.count + 1, 'x');
  exchange_.body_source.Push(body).End();
  RequestCopy copy(exchange_.head());
  CopyingExchange copying(exchange_, copy);
  EXPECT_EQ(Read(copying.body()), body);
  EXPECT_FALSE(copying.complete());
  EXPECT_LE(copy.body.size(), kMirrorBody.count);
}

TEST_F(MirrorTest, AnAnswerThatWasCutShortIsNotWhole) {
  exchange_.body_source.End();
  RequestCopy copy(exchange_.head());
  CopyingExchange copying(exchange_, copy);
  ASSERT_TRUE(copying.sink().Head({200, {}}));
  copying.sink().Abort();
  EXPECT_FALSE(copying.complete());
}

}  // namespace
}  // namespace strata::route
