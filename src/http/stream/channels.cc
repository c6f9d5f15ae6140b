#include "http/stream/channels.h"

#include <charconv>
#include <limits>

#include "base/text/json_member.h"

namespace strata::http::channels {
namespace {

constexpr std::string_view kExitReason = "NonZeroExitCode";
constexpr std::string_view kExitCause = "ExitCode";

Result<std::uint16_t> ReadLength(const Json& size, const char* name) {
  const auto found = size.find(name);
  const bool whole = found != size.end() && found->is_number_unsigned();
  const auto value = whole ? found->get<std::uint64_t>() : 0;
  if (value == 0 || value > std::numeric_limits<std::uint16_t>::max()) {
    return Fail(Errc::kInvalidArgument,
                std::string("a terminal's '") + name + "' is a number from 1 to 65535");
  }
  return static_cast<std::uint16_t>(value);
}

// The exit code among the causes of a failure.
Result<int> ReadExitCode(const Json& status) {
  const auto wrong = Fail(Errc::kInvalidArgument, "no exit code in a program's end");
  const auto details = status.find("details");
  if (details == status.end() || !details->is_object()) return wrong;
  const auto causes = details->find("causes");
  if (causes == details->end() || !causes->is_array()) return wrong;
  for (const Json& cause : *causes) {
    if (!cause.is_object() || TextOf(cause, "reason") != kExitCause) continue;
    const std::string text = TextOf(cause, "message");
    int code = 0;
    const char* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, code);
    if (error == std::errc() && stopped == end) return code;
  }
  return wrong;
}

}  // namespace

Result<Message> Read(std::string_view bytes) {
  if (bytes.empty()) return Fail(Errc::kInvalidArgument, "a message without a channel");
  const auto channel = static_cast<Channel>(bytes.front());
  if (channel > Channel::kResize && channel != Channel::kClose) {
    return Fail(Errc::kInvalidArgument, "a message on a channel that is none");
  }
  return Message{channel, bytes.substr(1)};
}

std::string Write(Channel channel, std::string_view payload) {
  std::string message(1, static_cast<char>(channel));
  message += payload;
  return message;
}

std::string WriteInputEnd() {
  const char input = static_cast<char>(Channel::kInput);
  return Write(Channel::kClose, {&input, 1});
}

bool IsInputEnd(const Message& message) {
  return message.payload.size() == 1 &&
         static_cast<Channel>(message.payload.front()) == Channel::kInput;
}

std::string WriteSize(Size size) {
  return Write(Channel::kResize, DumpJson({{"Width", size.columns}, {"Height", size.rows}}));
}

Result<Size> ReadSize(std::string_view payload) {
  const auto json = ParseJson(payload);
  if (!json || !json->is_object()) {
    return Fail(Errc::kInvalidArgument, "a terminal's size is {Width, Height}");
  }
  const auto rows = ReadLength(*json, "Height");
  if (!rows) return std::unexpected(rows.error());
  const auto columns = ReadLength(*json, "Width");
  if (!columns) return std::unexpected(columns.error());
  return Size{*rows, *columns};
}

std::string WriteStatus(const Result<int>& ended) {
  Json status{{"apiVersion", "v1"}, {"kind", "Status"}, {"metadata", Json::object()}};
  status["status"] = ended && *ended == 0 ? "Success" : "Failure";
  if (!ended) {
    status["reason"] = ErrcName(ended.error().code);
    status["message"] = ended.error().message;
  } else if (*ended != 0) {
    status["reason"] = kExitReason;
    status["message"] = "the program ended with exit code " + std::to_string(*ended);
    status["details"]["causes"] = {{{"reason", kExitCause}, {"message", std::to_string(*ended)}}};
  }
  return Write(Channel::kStatus, DumpJson(status));
}

Result<int> ReadStatus(std::string_view payload) {
  const auto status = ParseJson(payload);
  if (!status || !status->is_object()) {
    return Fail(Errc::kInvalidArgument, "a program's end is no JSON object");
  }
  if (TextOf(*status, "status") == "Success") return 0;
  const std::string reason = TextOf(*status, "reason");
  if (reason == kExitReason) return ReadExitCode(*status);
  return Fail(ErrcFromName(reason), TextOf(*status, "message"));
}

}  // namespace strata::http::channels
