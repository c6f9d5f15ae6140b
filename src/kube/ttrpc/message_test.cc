#include "kube/ttrpc/message.h"

#include <gtest/gtest.h>

namespace strata::kube::ttrpc {
namespace {

TEST(TtrpcMessageTest, ARequestCrossesWithItsNamespace) {
  const Request request{.service = "containerd.task.v3.Task",
                        .method = "Wait",
                        .payload = std::string("\0\1\2", 3),
                        .timeout = std::chrono::seconds(2),
                        .containerd_namespace = "k8s.io"};
  const auto decoded = DecodeRequest(EncodeRequest(request));
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(*decoded, request);
}

TEST(TtrpcMessageTest, ARequestAsContainerdSendsIt) {
  // Service "S", method "M", payload "p", one second, the namespace "n" among other metadata.
  std::string bytes = "\x0a\x01S\x12\x01M\x1a\x01p\x20";
  bytes += "\x80\x94\xeb\xdc\x03";
  bytes += "\x2a\x08\x0a\x03key\x12\x01v";
  bytes +=
      "\x2a\x1f\x0a\x1a"
      "containerd-namespace-ttrpc"
      "\x12\x01n";
  const auto decoded = DecodeRequest(bytes);
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(*decoded, (Request{.service = "S",
                               .method = "M",
                               .payload = "p",
                               .timeout = std::chrono::seconds(1),
                               .containerd_namespace = "n"}));
}

TEST(TtrpcMessageTest, WhatIsNoRequestIsRefused) {
  EXPECT_FALSE(DecodeRequest(""));
  EXPECT_FALSE(DecodeRequest("\xff\xff\xff"));
  EXPECT_FALSE(DecodeRequest(EncodeRequest({.service = "S"})));
  EXPECT_FALSE(DecodeRequest(
      EncodeRequest({.service = "S", .method = "M", .timeout = std::chrono::seconds(-1)})));
}

TEST(TtrpcMessageTest, RepliesAndRefusalsCross) {
  const auto good = DecodeReply(EncodeReply("payload"));
  ASSERT_TRUE(good);
  EXPECT_EQ(*good, "payload");
  const auto bad = DecodeReply(EncodeReply(Fail(Errc::kNotFound, "task t1 not found")));
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error(), (Error{Errc::kNotFound, "task t1 not found"}));
}

TEST(TtrpcMessageTest, EveryCodeOfOursComesBackAsItself) {
  for (int code = 0; code <= static_cast<int>(Errc::kInternal); ++code) {
    EXPECT_EQ(FromGrpcCode(GrpcCode(Errc(code))), Errc(code)) << code;
  }
}

TEST(TtrpcMessageTest, CodesThatAreNotOursAreUnderstood) {
  EXPECT_EQ(FromGrpcCode(6), Errc::kFailedPrecondition);  // already exists
  EXPECT_EQ(FromGrpcCode(2), Errc::kInternal);            // unknown
}

}  // namespace
}  // namespace strata::kube::ttrpc
