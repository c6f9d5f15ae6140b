// kube/ttrpc/frame.h - the ten bytes in front of every message of ttrpc, and what follows them.
//
//   u32 length | u32 stream | u8 type | u8 flags | length bytes        (big endian)
//
// Both functions are total; what they take comes from a socket. Pure.
// Tested by kube/ttrpc/frame_test.cc and tests/fuzz/ttrpc_fuzz.cc.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace strata::kube::ttrpc {

inline constexpr std::size_t kHeaderBytes = 10;
inline constexpr Bytes kMaxMessage = 4_MiB;  // the peer's limit, too

enum class FrameType : std::uint8_t {
  kRequest = 1,
  kResponse = 2,
  kData = 3,  // of streaming calls, which no service of a shim has
};

struct FrameHeader {
  std::uint32_t length = 0;  // of what follows
  std::uint32_t stream = 0;  // which call it belongs to; odd, chosen by the client
  FrameType type = FrameType::kRequest;
  std::uint8_t flags = 0;
  friend bool operator==(const FrameHeader&, const FrameHeader&) = default;
};

struct Frame {
  std::uint32_t stream = 0;
  FrameType type = FrameType::kRequest;
  std::string data;  // at most kMaxMessage
};

std::array<std::byte, kHeaderBytes> EncodeHeader(const FrameHeader& header);

// kInvalidArgument: more than kMaxMessage, or an unknown type. After either, nothing that follows
// on the connection can be understood.
Result<FrameHeader> DecodeHeader(std::span<const std::byte, kHeaderBytes> bytes);

}  // namespace strata::kube::ttrpc
