// http/stream/channels.h - several streams over one WebSocket, as Kubernetes does it for exec and
// attach ("v5.channel.k8s.io"): the first byte of a message says which stream the rest belongs to.
//
//   0 standard input ->, 1 standard output <-, 2 standard error <-, 3 <- how it ended
//   (metav1.Status as JSON, once, last), 4 the terminal's size -> ({"Width": 80, "Height": 24}),
//   255 -> the stream of the number that follows has ended
//
// Reading is total: what the other side sends is any bytes.
// Threads: none; values. Tested by http/stream/channels_test.cc and tests/fuzz/channels_fuzz.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace strata::http::channels {

inline constexpr std::string_view kProtocol = "v5.channel.k8s.io";

enum class Channel : std::uint8_t {
  kInput = 0,
  kOutput = 1,
  kError = 2,
  kStatus = 3,
  kResize = 4,
  kClose = 255,
};

struct Message {
  Channel channel = Channel::kInput;
  std::string_view payload;  // of the bytes that were read
};
// kInvalidArgument: empty, or no such channel.
Result<Message> Read(std::string_view bytes);

std::string Write(Channel channel, std::string_view payload);

// The end of standard input, as a message.
std::string WriteInputEnd();
// Whether a message on kClose is that.
bool IsInputEnd(const Message& message);

struct Size {
  std::uint16_t rows = 0;
  std::uint16_t columns = 0;
  friend bool operator==(const Size&, const Size&) = default;
};
std::string WriteSize(Size size);  // a message
// A payload of kResize. kInvalidArgument: it is none, or the terminal would have no room.
Result<Size> ReadSize(std::string_view payload);

// How the program ended, as a message: its exit code, or why there is none.
std::string WriteStatus(const Result<int>& ended);
// A payload of kStatus. kInvalidArgument also: it is none.
Result<int> ReadStatus(std::string_view payload);

}  // namespace strata::http::channels
