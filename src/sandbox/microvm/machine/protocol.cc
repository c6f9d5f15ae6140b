#include "sandbox/microvm/machine/protocol.h"

#include <utility>

#include "base/text/byte_view.h"
#include "base/text/hex.h"
#include "base/text/json.h"

namespace strata::sandbox::microvm {
namespace {

constexpr std::size_t kHead = 9;
constexpr std::size_t kTidyAfter = 64 * 1024;

std::uint32_t ReadU32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

void AppendU32(std::string& to, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) to.push_back(static_cast<char>(value >> (8 * i) & 0xff));
}

// An object of JSON, with whose members `fill` makes a T. It may throw Json::exception.
template <typename T, typename Fill>
Result<T> ReadObject(std::string_view text, Fill fill) {
  auto json = ParseJson(text);
  if (!json || !json->is_object()) return Fail(Errc::kInvalidArgument, "agent: no JSON object");
  try {
    T value;
    fill(*json, value);
    return value;
  } catch (const Json::exception& error) {
    return Fail(Errc::kInvalidArgument, std::string("agent: ") + error.what());
  }
}

}  // namespace

std::string EncodeFrame(FrameType type, std::string_view payload, std::uint32_t program) {
  std::string frame;
  frame.reserve(kHead + payload.size());
  AppendU32(frame, static_cast<std::uint32_t>(payload.size()));
  frame.push_back(static_cast<char>(type));
  AppendU32(frame, program);
  frame.append(payload);
  return frame;
}

Result<std::optional<Frame>> FrameReader::Next() {
  const std::string_view rest = std::string_view(buffer_).substr(at_);
  if (rest.size() < kHead) return std::nullopt;
  const std::uint32_t length = ReadU32(rest);
  const auto type = static_cast<std::uint8_t>(rest[4]);
  if (length > kLongestFrame || type < 1 || type > static_cast<std::uint8_t>(FrameType::kFailed)) {
    return Fail(Errc::kInvalidArgument, "agent: a frame that is none");
  }
  if (rest.size() < kHead + length) return std::nullopt;
  Frame frame{static_cast<FrameType>(type), ReadU32(rest.substr(5)),
              std::string(rest.substr(kHead, length))};
  at_ += kHead + length;
  if (at_ > kTidyAfter) {
    buffer_.erase(0, at_);
    at_ = 0;
  }
  return frame;
}

std::string VolumeDrive(std::size_t number) { return "volume-" + std::to_string(number); }

std::string WriteWake(const Wake& wake) {
  Json volumes = Json::array();
  for (const GuestVolume& each : wake.volumes) {
    volumes.push_back({{"at", each.at},
                       {"drive", each.drive},
                       {"size", each.size},
                       {"read_only", each.read_only}});
  }
  return DumpJson({{"wall_ns", wake.wall_ns},
                   {"entropy", HexEncode(AsBytes(wake.entropy))},
                   {"hostname", wake.hostname},
                   {"address", wake.address},
                   {"gateway", wake.gateway},
                   {"names", wake.names},
                   {"copy", wake.copy},
                   {"volumes", std::move(volumes)}});
}

Result<Wake> ReadWake(std::string_view text) {
  auto wake = ReadObject<Wake>(text, [](const Json& json, Wake& to) {
    json.at("wall_ns").get_to(to.wall_ns);
    json.at("entropy").get_to(to.entropy);
    json.at("hostname").get_to(to.hostname);
    json.at("address").get_to(to.address);
    json.at("gateway").get_to(to.gateway);
    json.at("names").get_to(to.names);
    json.at("copy").get_to(to.copy);
    for (const Json& each : json.at("volumes")) {
      GuestVolume& volume = to.volumes.emplace_back();
      each.at("at").get_to(volume.at);
      each.at("drive").get_to(volume.drive);
      each.at("size").get_to(volume.size);
      each.at("read_only").get_to(volume.read_only);
    }
  });
  if (!wake) return wake;
  auto entropy = HexDecode(wake->entropy);
  if (!entropy) return Fail(Errc::kInvalidArgument, "agent: the entropy is no hex");
  wake->entropy = std::string(AsText(*entropy));
  return wake;
}

namespace {

Json SizeToJson(TerminalSize size) { return {{"rows", size.rows}, {"columns", size.columns}}; }

void SizeFromJson(const Json& json, TerminalSize& to) {
  json.at("rows").get_to(to.rows);
  json.at("columns").get_to(to.columns);
}

}  // namespace

std::string WriteProgram(const Program& program) {
  return DumpJson({{"args", program.args},
                   {"env", program.env},
                   {"cwd", program.cwd},
                   {"uid", program.uid},
                   {"gid", program.gid},
                   {"memory", program.memory},
                   {"pids", program.pids},
                   {"beside", program.beside},
                   {"confirmed", program.confirmed},
                   {"container", program.container},
                   {"terminal", program.terminal ? SizeToJson(*program.terminal) : Json()}});
}

Result<Program> ReadProgram(std::string_view text) {
  return ReadObject<Program>(text, [](const Json& json, Program& to) {
    json.at("args").get_to(to.args);
    json.at("env").get_to(to.env);
    json.at("cwd").get_to(to.cwd);
    json.at("uid").get_to(to.uid);
    json.at("gid").get_to(to.gid);
    json.at("memory").get_to(to.memory);
    json.at("pids").get_to(to.pids);
    json.at("beside").get_to(to.beside);
    json.at("confirmed").get_to(to.confirmed);
    json.at("container").get_to(to.container);
    if (!json.at("terminal").is_null()) SizeFromJson(json.at("terminal"), to.terminal.emplace());
  });
}

std::string WriteOutcome(const Outcome& outcome) {
  return DumpJson({{"signaled", outcome.signaled},
                   {"status", outcome.status},
                   {"out_of_memory", outcome.out_of_memory},
                   {"memory_peak", outcome.memory_peak}});
}

Result<Outcome> ReadOutcome(std::string_view text) {
  auto outcome = ReadObject<Outcome>(text, [](const Json& json, Outcome& to) {
    json.at("signaled").get_to(to.signaled);
    json.at("status").get_to(to.status);
    json.at("out_of_memory").get_to(to.out_of_memory);
    json.at("memory_peak").get_to(to.memory_peak);
  });
  constexpr int kLastSignal = 64;
  constexpr int kLastStatus = 255;
  if (!outcome) return outcome;
  const bool can_be = outcome->signaled ? outcome->status > 0 && outcome->status <= kLastSignal
                                        : outcome->status >= 0 && outcome->status <= kLastStatus;
  if (!can_be) return Fail(Errc::kInvalidArgument, "agent: no program ends so");
  return outcome;
}

std::string WriteSize(TerminalSize size) { return DumpJson(SizeToJson(size)); }

Result<TerminalSize> ReadSize(std::string_view text) {
  return ReadObject<TerminalSize>(text, SizeFromJson);
}

std::string WriteCount(std::uint32_t count) {
  std::string payload;
  AppendU32(payload, count);
  return payload;
}

Result<std::uint32_t> ReadCount(std::string_view payload) {
  if (payload.size() != 4) return Fail(Errc::kInvalidArgument, "agent: no count");
  return ReadU32(payload);
}

}  // namespace strata::sandbox::microvm
