#include "sandbox/remote/codec.h"

#include <array>
#include <type_traits>
#include <utility>

#include "wire/message.h"

namespace strata::sandbox::remote {

using wire::Is;

void Each(auto& visit, Is<Open> auto& m) { visit("id", m.id); }

void Each(auto& visit, Is<Begin> auto& m) {
  visit("patience_ms", m.patience_ms);
  visit("has_length", m.has_length);
  visit("length", m.length);
  visit("traceparent", m.traceparent);
  visit("tracestate", m.tracestate);
}

void Each(auto& visit, Is<Credit> auto& m) { visit("bytes", m.bytes); }
void Each(auto& visit, Is<Respond> auto& m) { visit("status", m.status); }

void Each(auto& visit, Is<Done> auto& m) {
  visit("code", m.code);
  visit("message", m.message);
  visit("exit", m.exit);
}

void Each(auto& visit, Is<Dial> auto& m) {
  visit("id", m.id);
  visit("patience_ms", m.patience_ms);
}

void Each(auto& visit, Is<Closed> auto& m) { visit("id", m.id); }

void Each(auto& visit, Is<Busy> auto& m) {
  visit("mean_milli", m.mean_milli);
  visit("idle_ms", m.idle_ms);
}

void Each(auto& visit, Is<Dialled> auto& m) {
  visit("id", m.id);
  visit("error", m.error);
  visit("full", m.full);
}

void Each(auto&, Is<Retire> auto&) {}
void Each(auto&, Is<Input> auto&) {}
void Each(auto&, Is<InputEnd> auto&) {}
void Each(auto&, Is<Stop> auto&) {}
void Each(auto&, Is<Output> auto&) {}
void Each(auto&, Is<Line> auto&) {}

namespace {

constexpr char kBody = 'd';
constexpr char kLine = 'l';
constexpr std::size_t kMostTexts = 1000;

// The "type" of a message, in the order of the variants. Bodies and lines are no JSON.
constexpr std::array<std::string_view, std::variant_size_v<ToServer>> kToServerTypes = {
    "open", "begin", "", "input_end", "stop", "credit", "dial", "closed", "busy"};
constexpr std::array<std::string_view, std::variant_size_v<ToClient>> kToClientTypes = {
    "respond", "", "", "done", "credit", "dialled", "retire"};

template <typename T>
concept HasTexts = requires(T message) { message.texts; };
template <typename T>
concept IsBody = std::is_same_v<T, Input> || std::is_same_v<T, Output>;

template <typename Variant, typename Types>
std::string EncodeAny(const Variant& message, const Types& types) {
  return std::visit(
      [&]<typename T>(const T& m) {
        if constexpr (IsBody<T>) {
          return kBody + m.bytes;
        } else if constexpr (std::is_same_v<T, Line>) {
          return std::string{kLine, static_cast<char>('0' + static_cast<int>(m.stream))} + m.text;
        } else {
          std::string bytes = wire::EncodeAs(message, types);
          if constexpr (HasTexts<T>) {
            for (const std::string& text : m.texts) bytes.append(1, '\0').append(text);
          }
          return bytes;
        }
      },
      message);
}

Result<std::vector<std::string>> SplitTexts(std::string_view bytes) {
  std::vector<std::string> texts;
  while (!bytes.empty()) {
    bytes.remove_prefix(1);  // the zero before it
    const std::size_t end = std::min(bytes.find('\0'), bytes.size());
    if (texts.size() == kMostTexts) return Fail(Errc::kInvalidArgument, "a head is too long");
    texts.emplace_back(bytes.substr(0, end));
    bytes.remove_prefix(end);
  }
  return texts;
}

template <typename Variant, typename Types>
Result<Variant> DecodeJson(std::string_view bytes, const Types& types) {
  const std::size_t end = std::min(bytes.find('\0'), bytes.size());
  auto message = wire::DecodeAs<Variant>(bytes.substr(0, end), types);
  if (!message) return message;
  auto texts = SplitTexts(bytes.substr(end));
  if (!texts) return std::unexpected(std::move(texts).error());
  const bool taken = std::visit(
      [&]<typename T>(T& m) {
        if constexpr (HasTexts<T>) {
          m.texts = std::move(*texts);
          return true;
        } else {
          return texts->empty();
        }
      },
      *message);
  if (!taken) return Fail(Errc::kInvalidArgument, "a message has texts after it");
  return message;
}

Result<Line> DecodeLine(std::string_view bytes) {
  if (bytes.size() < 2 || bytes[1] < '0' || bytes[1] > '2') {
    return Fail(Errc::kInvalidArgument, "a log line of no stream");
  }
  return Line{static_cast<Stream>(bytes[1] - '0'), std::string(bytes.substr(2))};
}

}  // namespace

std::string Encode(const ToServer& message) { return EncodeAny(message, kToServerTypes); }
std::string Encode(const ToClient& message) { return EncodeAny(message, kToClientTypes); }

Result<ToServer> DecodeToServer(std::string_view bytes) {
  if (bytes.starts_with(kBody)) return Input{std::string(bytes.substr(1))};
  return DecodeJson<ToServer>(bytes, kToServerTypes);
}

Result<ToClient> DecodeToClient(std::string_view bytes) {
  if (bytes.starts_with(kBody)) return Output{std::string(bytes.substr(1))};
  if (bytes.starts_with(kLine)) return DecodeLine(bytes);
  return DecodeJson<ToClient>(bytes, kToClientTypes);
}

}  // namespace strata::sandbox::remote
