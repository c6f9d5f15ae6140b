#include "sandbox/wasm/json_call.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>

#include "base/text/byte_view.h"
#include "http/problem.h"

namespace strata::sandbox::wasm {
namespace {

constexpr std::size_t kReadSize = 16 * 1024;

std::unexpected<Error> DoesNotFit(const Json& json, std::string_view type) {
  return Fail(Errc::kInvalidArgument, DumpJson(json) + " is not an " + std::string(type));
}

// Accepts the signed and the unsigned reading of an integer, as wasm has only one of both.
template <typename Signed, typename Unsigned>
Result<Value> IntegerFromJson(const Json& json, std::string_view type) {
  if (json.is_number_unsigned()) {
    const auto number = json.get<std::uint64_t>();
    if (number > std::numeric_limits<Unsigned>::max()) return DoesNotFit(json, type);
    return Value(static_cast<Signed>(static_cast<Unsigned>(number)));
  }
  if (json.is_number_integer()) {
    const auto number = json.get<std::int64_t>();
    if (number < std::numeric_limits<Signed>::min()) return DoesNotFit(json, type);
    return Value(static_cast<Signed>(number));
  }
  if (json.is_string()) {
    const auto& text = json.get_ref<const std::string&>();
    const char* end = text.data() + text.size();
    Signed number{};
    const auto parsed = std::from_chars(text.data(), end, number);
    if (parsed.ec == std::errc() && parsed.ptr == end) return Value(number);
  }
  return DoesNotFit(json, type);
}

Result<double> DoubleFromJson(const Json& json, std::string_view type) {
  if (json.is_number()) return json.get<double>();
  if (json == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (json == "Infinity") return std::numeric_limits<double>::infinity();
  if (json == "-Infinity") return -std::numeric_limits<double>::infinity();
  return DoesNotFit(json, type);
}

Json DoubleToJson(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

Result<std::vector<Value>> ArgumentsFromJson(const Json& json, const Export& called) {
  const std::size_t wanted = called.parameters.size();
  if (!json.is_array() || json.size() != wanted) {
    return Fail(Errc::kInvalidArgument,
                "'" + called.name + "' takes an array of " + std::to_string(wanted) + " \"args\"");
  }
  std::vector<Value> arguments;
  for (std::size_t i = 0; i < wanted; ++i) {
    auto value = ValueFromJson(json[i], called.parameters[i]);
    if (!value) return Wrap(std::move(value).error(), "argument " + std::to_string(i));
    arguments.push_back(*value);
  }
  return arguments;
}

}  // namespace

Result<Value> ValueFromJson(const Json& json, std::string_view type) {
  if (type == "i32") return IntegerFromJson<std::int32_t, std::uint32_t>(json, type);
  if (type == "i64") return IntegerFromJson<std::int64_t, std::uint64_t>(json, type);
  auto number = DoubleFromJson(json, type);
  if (!number) return std::unexpected(std::move(number).error());
  return type == "f32" ? Value(static_cast<float>(*number)) : Value(*number);
}

Json ValueToJson(const Value& value) {
  if (const auto* number = std::get_if<std::int32_t>(&value)) return *number;
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
  if (const auto* number = std::get_if<float>(&value)) return DoubleToJson(*number);
  return DoubleToJson(std::get<double>(value));
}

bool JsonCall::Poll(EngineExit& exit) {
  switch (step_) {
    case Step::kReadBody:
      return ReadBody(exit);
    case Step::kRunExport:
      return RunExport(exit);
    case Step::kWriteAnswer:
      return WriteAnswer(exit);
  }
  return true;
}

bool JsonCall::ReadBody(EngineExit& exit) {
  std::array<std::byte, kReadSize> part;
  for (;;) {
    const Io read = host_.BodyRead(part);
    if (read == Io::Pending()) return false;
    if (read == Io::Failed()) {
      exit.end = EngineEnd::kHost;
      exit.detail = "the request's body could not be read";
      return true;
    }
    if (read == Io::End()) break;
    body_.append(AsText(part).substr(0, static_cast<std::size_t>(read.raw())));
  }
  if (auto started = StartExport(); !started) return Refuse(started.error(), exit);
  step_ = Step::kRunExport;
  return RunExport(exit);
}

Result<void> JsonCall::StartExport() {
  auto request = ParseJson(body_);
  if (!request) return std::unexpected(std::move(request).error());
  if (!request->is_object() || !request->contains("export") || !(*request)["export"].is_string()) {
    return Fail(Errc::kInvalidArgument, R"(expected {"export":"<name>","args":[...]})");
  }
  const auto& name = (*request)["export"].get_ref<const std::string&>();
  const auto found = std::ranges::find(exports_, name, &Export::name);
  if (found == exports_.end()) {
    return Fail(Errc::kInvalidArgument, "the module has no export '" + name + "'");
  }
  auto arguments = ArgumentsFromJson(request->value("args", Json::array()), *found);
  if (!arguments) return std::unexpected(std::move(arguments).error());
  auto call = sandbox_.StartExport(name, *arguments, host_);
  if (!call) return std::unexpected(std::move(call).error());
  call_ = std::move(*call);
  return {};
}

bool JsonCall::RunExport(EngineExit& exit) {
  if (!call_->Poll(exit)) return false;
  if (exit.end != EngineEnd::kReturned) return true;
  Json results = Json::array();
  for (const auto& value : call_->Results()) results.push_back(ValueToJson(value));
  std::string body = DumpJson(Json{{"results", std::move(results)}});
  http::ResponseHead head;
  head.headers = {{"content-type", "application/json"},
                  {"content-length", std::to_string(body.size())}};
  return Answer(std::move(head), std::move(body), exit);
}

bool JsonCall::Refuse(const Error& error, EngineExit& exit) {
  const auto problem = http::ProblemFor(error);
  std::string body = http::ProblemBody(problem);
  auto head = http::ProblemHead(problem, body.size());
  return Answer(std::move(head), std::move(body), exit);
}

bool JsonCall::Answer(http::ResponseHead head, std::string body, EngineExit& exit) {
  if (!host_.Respond(std::move(head))) {
    exit.end = EngineEnd::kHost;
    exit.detail = "the response was refused";
    return true;
  }
  body_ = std::move(body);
  step_ = Step::kWriteAnswer;
  return WriteAnswer(exit);
}

bool JsonCall::WriteAnswer(EngineExit& exit) {
  while (written_ < body_.size()) {
    const Io wrote = host_.BodyWrite(AsBytes(std::string_view(body_).substr(written_)));
    if (wrote == Io::Pending()) return false;
    if (wrote == Io::Failed()) {
      exit.end = EngineEnd::kHost;
      exit.detail = "the response's body could not be written";
      return true;
    }
    written_ += static_cast<std::size_t>(wrote.raw());
  }
  exit.end = EngineEnd::kReturned;
  return true;
}

}  // namespace strata::sandbox::wasm
