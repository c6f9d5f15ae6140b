#include "kube/grpc/frames.h"

namespace strata::kube::grpc {
namespace {

// Flags.
constexpr std::uint8_t kEndStream = 0x1;
constexpr std::uint8_t kAck = 0x1;
constexpr std::uint8_t kEndHeaders = 0x4;
constexpr std::uint8_t kPadded = 0x8;

// Settings.
constexpr std::uint16_t kEnablePush = 2;
constexpr std::uint16_t kInitialWindow = 4;

constexpr std::uint32_t kLargestWindow = 0x7FFF'FFFF;
constexpr std::uint32_t kFirstWindow = 65'535;  // of a connection, before it is updated
constexpr std::uint32_t kStreamBits = 0x7FFF'FFFF;
constexpr std::size_t kMessageHeader = 5;  // whether it is compressed, and its size

std::string Number(std::uint64_t number, int bytes) {
  std::string text;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
    text += static_cast<char>(number >> shift & 0xFF);
  return text;
}

std::uint32_t NumberIn(std::string_view bytes) {
  std::uint32_t number = 0;
  for (const char each : bytes) number = number << 8 | static_cast<unsigned char>(each);
  return number;
}

// A text of RFC 7541, not compressed.
std::string Text(std::string_view text) {
  constexpr std::size_t kPrefix = 127;
  std::string made;
  if (text.size() < kPrefix) {
    made += static_cast<char>(text.size());
  } else {
    made += static_cast<char>(kPrefix);
    std::size_t rest = text.size() - kPrefix;
    for (; rest > kPrefix; rest >>= 7) made += static_cast<char>((rest & kPrefix) | 0x80);
    made += static_cast<char>(rest);
  }
  return made.append(text);
}

// A field that no table keeps.
std::string Field(std::string_view name, std::string_view value) {
  return std::string(1, '\0') + Text(name) + Text(value);
}

std::unexpected<Error> Bad(const std::string& what) {
  return Fail(Errc::kInvalidArgument, "gRPC: " + what);
}

}  // namespace

Result<FrameHeader> DecodeHeader(std::span<const std::byte, kHeaderBytes> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const FrameHeader header{.length = NumberIn(text.substr(0, 3)),
                           .type = static_cast<FrameType>(text[3]),
                           .flags = static_cast<std::uint8_t>(text[4]),
                           .stream = NumberIn(text.substr(5, 4)) & kStreamBits};
  if (header.length > kMaxFrame.count) {
    return Bad("a frame of " + std::to_string(header.length) + " bytes; at most " +
               std::to_string(kMaxFrame.count) + " are taken");
  }
  return header;
}

std::string EncodeFrame(const FrameHeader& header, std::string_view payload) {
  std::string frame = Number(payload.size(), 3);
  frame += static_cast<char>(header.type);
  frame += static_cast<char>(header.flags);
  frame += Number(header.stream, 4);
  return frame.append(payload);
}

std::string Preface() {
  const std::string settings =
      Number(kEnablePush, 2) + Number(0, 4) + Number(kInitialWindow, 2) + Number(kLargestWindow, 4);
  return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" +
         EncodeFrame({.type = FrameType::kSettings}, settings) +
         EncodeFrame({.type = FrameType::kWindowUpdate}, Number(kLargestWindow - kFirstWindow, 4));
}

Result<std::string> EncodeRequest(const Request& request, std::uint32_t stream) {
  const std::string head = Field(":method", "POST") + Field(":scheme", "http") +
                           Field(":path", request.method) + Field(":authority", "localhost") +
                           Field("content-type", "application/grpc") + Field("te", "trailers") +
                           Field("containerd-namespace", request.name_space);
  const std::string body = Number(0, 1) + Number(request.message.size(), 4) + request.message;
  if (head.size() > kMaxFrame.count || body.size() > kMaxFrame.count) {
    return Bad("a request of " + std::to_string(head.size() + body.size()) + " bytes");
  }
  return EncodeFrame({.type = FrameType::kHeaders, .flags = kEndHeaders, .stream = stream}, head) +
         EncodeFrame({.type = FrameType::kData, .flags = kEndStream, .stream = stream}, body);
}

Result<void> Answer::Take(const FrameHeader& header, std::string_view payload) {
  const bool ours = header.stream == stream_;
  switch (header.type) {
    case FrameType::kSettings:
      if ((header.flags & kAck) == 0)
        reply_ += EncodeFrame({.type = FrameType::kSettings, .flags = kAck}, "");
      return {};
    case FrameType::kPing:
      if ((header.flags & kAck) == 0)
        reply_ += EncodeFrame({.type = FrameType::kPing, .flags = kAck}, payload);
      return {};
    case FrameType::kGoAway:
      return Fail(Errc::kUnavailable, "gRPC: the server ends the connection");
    case FrameType::kReset:
      if (ours) return Fail(Errc::kUnavailable, "gRPC: the server broke the answer off");
      return {};
    case FrameType::kData:
      if (!ours) return {};
      if ((header.flags & kPadded) != 0) {
        if (payload.empty()) return Bad("padding that is not there");
        const auto padding = static_cast<unsigned char>(payload.front());
        if (padding >= payload.size()) return Bad("more padding than there is");
        payload = payload.substr(1, payload.size() - 1 - padding);
      }
      if (auto taken = TakeData(payload); !taken) return taken;
      break;
    case FrameType::kHeaders:
      break;
    default:
      return {};
  }
  return ours && (header.flags & kEndStream) != 0 ? End() : Result<void>();
}

Result<void> Answer::TakeData(std::string_view payload) {
  partial_.append(payload);
  std::string_view rest = partial_;
  while (rest.size() >= kMessageHeader) {
    const std::uint32_t size = NumberIn(rest.substr(1, 4));
    if (rest.front() != 0) return Bad("a compressed message, which nobody asked for");
    if (size > kMaxMessage.count) {
      return Bad("a message of " + std::to_string(size) + " bytes; at most " +
                 std::to_string(kMaxMessage.count) + " are taken");
    }
    if (rest.size() < kMessageHeader + size) break;
    if (auto done = each_(rest.substr(kMessageHeader, size)); !done) return done;
    rest.remove_prefix(kMessageHeader + size);
  }
  partial_.erase(0, partial_.size() - rest.size());
  return {};
}

Result<void> Answer::End() {
  ended_ = true;
  if (partial_.empty()) return {};
  return Fail(Errc::kUnavailable, "gRPC: the answer ended within a message");
}

}  // namespace strata::kube::grpc
