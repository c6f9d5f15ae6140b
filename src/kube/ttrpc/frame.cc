#include "kube/ttrpc/frame.h"

namespace strata::kube::ttrpc {
namespace {

constexpr std::size_t kLengthAt = 0;
constexpr std::size_t kStreamAt = 4;
constexpr std::size_t kTypeAt = 8;
constexpr std::size_t kFlagsAt = 9;

using HeaderBytes = std::array<std::byte, kHeaderBytes>;

void PutNumber(HeaderBytes& bytes, std::size_t at, std::uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes[at++] = std::byte(number >> shift & 0xFF);
}

std::uint32_t TakeNumber(std::span<const std::byte, 4> bytes) {
  std::uint32_t number = 0;
  for (const std::byte each : bytes) number = number << 8 | std::to_integer<std::uint32_t>(each);
  return number;
}

}  // namespace

HeaderBytes EncodeHeader(const FrameHeader& header) {
  HeaderBytes bytes{};
  PutNumber(bytes, kLengthAt, header.length);
  PutNumber(bytes, kStreamAt, header.stream);
  bytes[kTypeAt] = std::byte(header.type);
  bytes[kFlagsAt] = std::byte(header.flags);
  return bytes;
}

Result<FrameHeader> DecodeHeader(std::span<const std::byte, kHeaderBytes> bytes) {
  const auto type = std::to_integer<std::uint8_t>(bytes[kTypeAt]);
  const FrameHeader header{.length = TakeNumber(bytes.subspan<kLengthAt, 4>()),
                           .stream = TakeNumber(bytes.subspan<kStreamAt, 4>()),
                           .type = static_cast<FrameType>(type),
                           .flags = std::to_integer<std::uint8_t>(bytes[kFlagsAt])};
  if (type < std::uint8_t(FrameType::kRequest) || type > std::uint8_t(FrameType::kData)) {
    return Fail(Errc::kInvalidArgument, "ttrpc: message type " + std::to_string(type));
  }
  if (header.length > kMaxMessage.count) {
    return Fail(Errc::kInvalidArgument, "ttrpc: a message of " + std::to_string(header.length) +
                                            " bytes; at most " + std::to_string(kMaxMessage.count) +
                                            " are taken");
  }
  return header;
}

}  // namespace strata::kube::ttrpc
