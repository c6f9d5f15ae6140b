#include "kube/ttrpc/frame.h"

#include <gtest/gtest.h>

namespace strata::kube::ttrpc {
namespace {

using HeaderBytes = std::array<std::byte, kHeaderBytes>;

TEST(TtrpcFrameTest, AHeaderIsTenBytesInNetworkOrder) {
  const HeaderBytes bytes = EncodeHeader(
      {.length = 0x00010203, .stream = 0x04050607, .type = FrameType::kResponse, .flags = 8});
  constexpr unsigned char kExpected[] = {0, 1, 2, 3, 4, 5, 6, 7, 2, 8};
  for (std::size_t i = 0; i < kHeaderBytes; ++i) EXPECT_EQ(bytes[i], std::byte{kExpected[i]}) << i;
}

TEST(TtrpcFrameTest, WhatWasEncodedIsDecoded) {
  const FrameHeader header{
      .length = 4 << 20, .stream = 0xFFFFFFFF, .type = FrameType::kData, .flags = 255};
  const auto decoded = DecodeHeader(EncodeHeader(header));
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(*decoded, header);
}

TEST(TtrpcFrameTest, AMessageOverFourMebibytesIsRefused) {
  const auto decoded = DecodeHeader(EncodeHeader({.length = (4 << 20) + 1, .stream = 1}));
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, Errc::kInvalidArgument);
}

TEST(TtrpcFrameTest, UnknownTypesAreRefused) {
  for (const unsigned type : {0U, 4U, 255U}) {
    HeaderBytes bytes = EncodeHeader({.length = 0, .stream = 1});
    bytes[8] = std::byte(type);
    EXPECT_FALSE(DecodeHeader(bytes)) << type;
  }
}

}  // namespace
}  // namespace strata::kube::ttrpc
