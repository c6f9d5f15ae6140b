#include "cell/wire/log_line.h"

#include <limits>

#include "base/text/json.h"

namespace strata::cell {
namespace {

constexpr Bytes kTextLimit = Bytes::KiB(64);  // of the whole record

Result<std::string> TextField(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_string()) {
    return Fail(Errc::kInvalidArgument, std::string("log line: ") + name + " is no text");
  }
  return found->get<std::string>();
}

Result<std::uint64_t> NumberField(const Json& json, const char* name, std::uint64_t max) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_number_unsigned() || found->get<std::uint64_t>() > max) {
    return Fail(Errc::kInvalidArgument, std::string("log line: ") + name + " is no such number");
  }
  return found->get<std::uint64_t>();
}

}  // namespace

std::string EncodeLogLine(const LogLine& line) {
  return DumpJson({{"generation", line.generation},
                   {"function", line.function},
                   {"sandbox", line.sandbox},
                   {"stream", line.stream},
                   {"trace_id", line.trace_id},
                   {"time_ns", line.time_ns},
                   {"text", line.text}});
}

Result<LogLine> DecodeLogLine(std::string_view text) {
  auto json = ParseJson(text, kTextLimit);
  if (!json) return std::unexpected(std::move(json).error());
  constexpr std::size_t kFields = 7;
  if (!json->is_object() || json->size() != kFields) {
    return Fail(Errc::kInvalidArgument, "log line: not an object of seven fields");
  }
  constexpr auto kMax32 = std::numeric_limits<std::uint32_t>::max();
  LogLine line;
  auto generation = NumberField(*json, "generation", kMax32);
  if (!generation) return std::unexpected(std::move(generation).error());
  auto function = NumberField(*json, "function", kMax32);
  if (!function) return std::unexpected(std::move(function).error());
  auto time = NumberField(*json, "time_ns", std::numeric_limits<std::uint64_t>::max());
  if (!time) return std::unexpected(std::move(time).error());
  line.generation = static_cast<std::uint32_t>(*generation);
  line.function = static_cast<std::uint32_t>(*function);
  line.time_ns = *time;
  for (const auto& [name, field] :
       {std::pair("sandbox", &line.sandbox), std::pair("stream", &line.stream),
        std::pair("trace_id", &line.trace_id), std::pair("text", &line.text)}) {
    auto value = TextField(*json, name);
    if (!value) return std::unexpected(std::move(value).error());
    *field = std::move(*value);
  }
  return line;
}

}  // namespace strata::cell
