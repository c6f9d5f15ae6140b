// kube/grpc/frames.h - what little of HTTP/2 (RFC 9113) it takes to call a gRPC server: the bytes
// of a request, and the messages of its answer among the frames that come.
//
//   u24 length | u8 type | u8 flags | u32 stream | length bytes        (big endian)
//
// An answer is its messages. Its headers are not looked into: they are compressed (RFC 7541), and a
// refusal is known by its having no message. So nothing says why; whoever asks knows what for.
//
// Pure; total on any bytes. Tested by kube/grpc/frames_test.cc and tests/fuzz/grpc_fuzz.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"

namespace strata::kube::grpc {

inline constexpr std::size_t kHeaderBytes = 9;
inline constexpr Bytes kMaxFrame = 16_KiB;   // what a peer may send that was told of no other limit
inline constexpr Bytes kMaxMessage = 4_MiB;  // gRPC's usual limit

enum class FrameType : std::uint8_t {
  kData = 0,
  kHeaders = 1,
  kReset = 3,
  kSettings = 4,
  kPing = 6,
  kGoAway = 7,
  kWindowUpdate = 8,
};

struct FrameHeader {
  std::uint32_t length = 0;           // of what follows, at most kMaxFrame
  FrameType type = FrameType::kData;  // or a number that has no name here
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;  // which call it belongs to; 0: the connection
  friend bool operator==(const FrameHeader&, const FrameHeader&) = default;
};

// kInvalidArgument: larger than kMaxFrame; nothing that follows can be understood.
Result<FrameHeader> DecodeHeader(std::span<const std::byte, kHeaderBytes> bytes);
std::string EncodeFrame(const FrameHeader& header, std::string_view payload);

// What a client says first. It allows 2 GiB of answers before it would have to allow more.
std::string Preface();

struct Request {
  std::string method;      // "/package.Service/Method"
  std::string name_space;  // containerd's
  std::string message;     // of protobuf
};

// The frames of a call. kInvalidArgument: a message or a name larger than a frame.
Result<std::string> EncodeRequest(const Request& request, std::uint32_t stream);

// The answer to the call `stream`, frame by frame.
class Answer {
 public:
  using OnMessage = std::function<Result<void>(std::string_view message)>;

  Answer(std::uint32_t stream, OnMessage each) : stream_(stream), each_(std::move(each)) {}

  // The next frame of the connection; `payload` has the bytes that the header says. Fails with
  // kUnavailable (it was broken off), kInvalidArgument (no answer of gRPC, or larger than
  // kMaxMessage) or what `each` fails with; then the connection is of no use any more.
  Result<void> Take(const FrameHeader& header, std::string_view payload);

  [[nodiscard]] bool ended() const noexcept { return ended_; }

  // What has to be said to the peer meanwhile; empty: nothing.
  [[nodiscard]] std::string TakeReply() { return std::exchange(reply_, {}); }

 private:
  Result<void> TakeData(std::string_view payload);
  Result<void> End();

  const std::uint32_t stream_;
  const OnMessage each_;
  std::string partial_;  // of a message
  std::string reply_;
  bool ended_ = false;
};

}  // namespace strata::kube::grpc
