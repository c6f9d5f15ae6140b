// wire/message.h - messages of a wire to and from JSON text, from one description of their fields.
//
//   variant of structs --EncodeAs--> {"type": "...", fields} --DecodeAs--> variant of structs
//
// Each message type has one function Each(visitor, message), found by argument-dependent lookup,
// that calls visitor(name, field) for every field in order; writer and reader both use it, so the
// two cannot drift apart. A field is text, an unsigned number, a bool, a number in a Range, one of
// model's values (wire/values.h), another described struct, or an optional or vector of these.
// Reading is strict: unknown types, unknown or missing fields and values out of range are refused,
// for what a confined process sends is hostile input. Only an optional may be missing.
//
// Threads: pure. Errors: kInvalidArgument. Tested by cell/wire/codec_test.cc and tests/fuzz.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/text/json.h"
#include "model/values.h"
#include "wire/values.h"

namespace strata::wire {

// One string; an environment value is the longest.
inline constexpr Bytes kTextLimit = Bytes::KiB(256);
inline constexpr std::size_t kListLimit = 100'000;  // entries of one list

inline constexpr std::array kModes = {
    model::DirGrant::Mode::kReadOnly, model::DirGrant::Mode::kScratch,
    model::DirGrant::Mode::kReadWrite, model::DirGrant::Mode::kVolume,
    model::DirGrant::Mode::kVolumeReadOnly};

inline constexpr std::array kExitReasons = {model::ExitReason::kReturned, model::ExitReason::kLimit,
                                            model::ExitReason::kViolation,
                                            model::ExitReason::kStopped};
inline constexpr std::array kRestarts = {model::Restart::kAlways, model::Restart::kOnFailure,
                                         model::Restart::kNever};
inline constexpr std::array kPriorities = {model::Priority::kLow, model::Priority::kNormal,
                                           model::Priority::kHigh};

// ---- writing ------------------------------------------------------------------------------------

inline Json Write(const std::string& value) { return value; }
inline Json Write(std::uint16_t value) { return value; }
inline Json Write(std::uint32_t value) { return value; }
inline Json Write(std::uint64_t value) { return value; }
inline Json Write(bool value) { return value; }
inline Json Write(Bytes value) { return value.count; }
inline Json Write(std::chrono::milliseconds value) { return value.count(); }
inline Json Write(std::chrono::nanoseconds value) { return value.count(); }
inline Json Write(int value) { return value; }
inline Json Write(model::ExitReason value) { return model::ExitReasonName(value); }
inline Json Write(const model::Env& value) { return value; }
inline Json Write(model::DirGrant::Mode value) { return model::DirModeName(value); }
inline Json Write(model::Restart value) { return model::RestartName(value); }
inline Json Write(model::Priority value) { return model::PriorityName(value); }

template <typename T>
Json Write(const std::vector<T>& list);
template <typename T>
Json Write(const std::optional<T>& value);

struct MessageWriter {
  Json object = Json::object();
  template <typename T>
  void operator()(const char* name, const T& field);
  void operator()(const char* name, double field, Range) { object[name] = field; }
};

template <typename T>
Json Write(const T& message) {
  MessageWriter writer;
  Each(writer, message);
  return std::move(writer.object);
}

template <typename T>
Json Write(const std::vector<T>& list) {
  Json array = Json::array();
  for (const T& entry : list) array.push_back(Write(entry));
  return array;
}

template <typename T>
Json Write(const std::optional<T>& value) {
  return value ? Write(*value) : Json();
}

template <typename T>
void MessageWriter::operator()(const char* name, const T& field) {
  object[name] = Write(field);
}

// The text of `message`, whose "type" is its alternative's entry in `types`.
template <typename Variant, typename Types>
std::string EncodeAs(const Variant& message, const Types& types) {
  Json object = std::visit([](const auto& m) { return Write(m); }, message);
  object["type"] = types[message.index()];
  return DumpJson(object);
}

// ---- reading ------------------------------------------------------------------------------------

// Reads one object's fields by name. The first problem is kept, with the way to it; after it
// nothing more is read. The object's fields are counted, so that an unknown one is noticed.
class MessageReader {
 public:
  explicit MessageReader(std::string where) : where_(std::move(where)) {}

  template <typename T>
  void ReadObject(const Json& json, T& message, std::size_t extra_fields = 0) {
    if (!json.is_object()) return Problem("is no object");
    const Json* outer_object = std::exchange(object_, &json);
    const std::size_t outer_count = std::exchange(count_, extra_fields);
    Each(*this, message);
    if (problem_.empty() && count_ != json.size()) Problem("has an unknown field");
    object_ = outer_object;
    count_ = outer_count;
  }

  template <typename T>
  void operator()(const char* name, T& field) {
    if (requires { field.has_value(); } && !object_->contains(name)) return;
    ReadField(name, [this, &field](const Json& json) { Read(json, field); });
  }
  void operator()(const char* name, double& field, Range range) {
    ReadField(name, [this, &field, range](const Json& json) {
      if (!json.is_number()) return Problem("is no number");
      field = json.get<double>();
      if (!(field >= range.from && field <= range.to)) Problem("is out of range");
    });
  }

  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  void ReadField(const char* name, auto read) {
    if (!problem_.empty()) return;
    const auto found = object_->find(name);
    const std::size_t length = where_.size();
    where_.append(".").append(name);
    if (found == object_->end()) {
      Problem("is missing");
    } else {
      ++count_;
      read(*found);
    }
    where_.resize(length);
  }

  void Problem(const std::string& what) {
    if (problem_.empty()) problem_ = where_ + " " + what;
  }

  template <typename T>
  void ReadName(const Json& json, T& field, const auto& values, auto name_of, const char* problem) {
    for (const T value : values) {
      if (json != name_of(value)) continue;
      field = value;
      return;
    }
    Problem(problem);
  }

  void Read(const Json& json, std::string& field) {
    if (!json.is_string()) return Problem("is no text");
    const auto& text = json.get_ref<const std::string&>();
    if (text.size() > kTextLimit.count) return Problem("is too long");
    field = text;
  }

  std::uint64_t Number(const Json& json, std::uint64_t max) {
    if (!json.is_number_unsigned()) {
      Problem("is no unsigned number");
      return 0;
    }
    const auto value = json.get<std::uint64_t>();
    if (value > max) Problem("is out of range");
    return value;
  }

  template <std::unsigned_integral T>
  void Read(const Json& json, T& field) {
    field = static_cast<T>(Number(json, std::numeric_limits<T>::max()));
  }
  void Read(const Json& json, Bytes& field) {
    field.count = Number(json, std::numeric_limits<std::int64_t>::max());
  }
  void Read(const Json& json, std::chrono::milliseconds& field) {
    constexpr std::uint64_t kWeek = 7ULL * 24 * 3600 * 1000;  // longer than any call
    field = std::chrono::milliseconds(Number(json, kWeek));
  }
  void Read(const Json& json, std::chrono::nanoseconds& field) {
    field = std::chrono::nanoseconds(Number(json, std::numeric_limits<std::int64_t>::max()));
  }
  void Read(const Json& json, int& field) {
    if (!json.is_number_integer()) return Problem("is no number");
    const auto value = json.get<std::int64_t>();
    if (!std::in_range<int>(value)) return Problem("is out of range");
    field = static_cast<int>(value);
  }
  void Read(const Json& json, model::ExitReason& field) {
    ReadName(json, field, kExitReasons, model::ExitReasonName, "is no reason");
  }
  void Read(const Json& json, model::Restart& field) {
    ReadName(json, field, kRestarts, model::RestartName, "is no way to start again");
  }
  template <typename T>
  void Read(const Json& json, std::optional<T>& field) {
    if (!json.is_null()) Read(json, field.emplace());
  }
  void Read(const Json& json, bool& field) {
    if (!json.is_boolean()) return Problem("is neither true nor false");
    field = json.get<bool>();
  }
  void Read(const Json& json, model::DirGrant::Mode& field) {
    ReadName(json, field, kModes, model::DirModeName, "is no mode of a directory");
  }
  void Read(const Json& json, model::Priority& field) {
    ReadName(json, field, kPriorities, model::PriorityName, "is no priority");
  }
  void Read(const Json& json, model::Env& field) {
    if (!json.is_object()) return Problem("is no object");
    if (json.size() > kListLimit) return Problem("has too many entries");
    for (const auto& [name, value] : json.items()) {
      std::string text;
      Read(value, text);
      field.emplace(name, std::move(text));
    }
  }
  template <typename T>
  void Read(const Json& json, std::vector<T>& field) {
    if (!json.is_array()) return Problem("is no list");
    if (json.size() > kListLimit) return Problem("has too many entries");
    field.reserve(json.size());
    const std::size_t length = where_.size();
    for (const Json& entry : json) {
      where_.append("[").append(std::to_string(field.size())).append("]");
      Read(entry, field.emplace_back());
      where_.resize(length);
      if (!problem_.empty()) return;
    }
  }
  template <typename T>
  void Read(const Json& json, T& field) {
    ReadObject(json, field);
  }

  const Json* object_ = nullptr;
  std::size_t count_ = 0;
  std::string where_;
  std::string problem_;
};

template <typename Variant, std::size_t kIndex = 0>
Result<Variant> DecodeAt(std::size_t index, const Json& json, std::string_view type) {
  if constexpr (kIndex < std::variant_size_v<Variant>) {
    if (kIndex != index) return DecodeAt<Variant, kIndex + 1>(index, json, type);
    std::variant_alternative_t<kIndex, Variant> message;
    MessageReader reader{std::string(type)};
    reader.ReadObject(json, message, 1);  // one extra field: "type"
    if (!reader.problem().empty()) return Fail(Errc::kInvalidArgument, reader.problem());
    return Variant(std::in_place_index<kIndex>, std::move(message));
  } else {
    return Fail(Errc::kInvalidArgument, "unknown message type");
  }
}

// Total: any bytes give a message or kInvalidArgument naming the field. An alternative whose name
// in `types` is empty has no JSON form.
template <typename Variant, typename Types>
Result<Variant> DecodeAs(std::string_view text, const Types& types) {
  auto json = ParseJson(text, 16_MiB);
  if (!json) return std::unexpected(std::move(json).error());
  if (!json->is_object()) return Fail(Errc::kInvalidArgument, "the message is no object");
  const auto type = json->find("type");
  if (type == json->end() || !type->is_string()) {
    return Fail(Errc::kInvalidArgument, "the message has no type");
  }
  const auto& name = type->get_ref<const std::string&>();
  const auto found = std::ranges::find(types, name);
  if (name.empty() || found == types.end())
    return Fail(Errc::kInvalidArgument, "unknown message type");
  return DecodeAt<Variant>(static_cast<std::size_t>(found - types.begin()), *json, name);
}

}  // namespace strata::wire
