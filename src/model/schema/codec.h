// model/schema/codec.h - codecs of single values, lists and maps: the parts that the schema tables
// (fields.h) are built from. Objects are in object.h.
//
// A codec for T is a constexpr value with
//     void Read(const Cursor& from, T& to) const;  // problems go to the cursor
//     Json Write(const T& from) const;             // Read's inverse
// (`to` is partial where there were problems)
// so one table reads YAML, reads JSON, writes JSON and lists the valid names for a suggestion:
// there is no second place where a field could be forgotten.
//
// Threads: constants. Tested through model/manifest/manifest_test.cc.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/text/json.h"
#include "model/rules.h"
#include "model/schema/cursor.h"

namespace strata::model::schema {

// ---- scalars ------------------------------------------------------------------------------------

// A string that must pass `problem`.
struct Text {
  Problem (*problem)(std::string_view);
  void Read(const Cursor& from, std::string& to) const {
    const std::string* text = from.Text();
    if (text == nullptr) return;
    if (auto wrong = problem(*text)) return from.Fail("'" + *text + "' " + *wrong);
    to = *text;
  }
  [[nodiscard]] Json Write(const std::string& from) const { return from; }
};

// A string whose emptiness means that the field is absent.
struct TextOrAbsent {
  Text text;
  void Read(const Cursor& from, std::string& to) const { text.Read(from, to); }
  [[nodiscard]] Json Write(const std::string& from) const {
    return from.empty() ? Json() : Json(from);
  }
};

// A string that is brought into its normal form.
struct NormalText {
  Result<std::string> (*normalize)(std::string_view);
  void Read(const Cursor& from, std::string& to) const {
    const std::string* text = from.Text();
    if (text == nullptr) return;
    auto normal = normalize(*text);
    if (!normal) return from.Fail(std::move(normal).error().message);
    to = *std::move(normal);
  }
  [[nodiscard]] Json Write(const std::string& from) const { return from; }
};

// A value that is spelled as a string.
template <typename T>
struct Spelled {
  Result<T> (*parse)(std::string_view);
  std::string (*spell)(const T&);
  void Read(const Cursor& from, T& to) const {
    const std::string* text = from.Text();
    if (text == nullptr) return;
    auto value = parse(*text);
    if (!value) return from.Fail(std::move(value).error().message);
    to = *std::move(value);
  }
  [[nodiscard]] Json Write(const T& from) const { return spell(from); }
};

// true or false.
struct Flag {
  void Read(const Cursor& from, bool& to) const {
    if (const auto value = from.Flag()) to = *value;
  }
  [[nodiscard]] Json Write(bool from) const { return from; }
};

// An enum with the values 0 .. N-1, by the names that `name` gives them.
template <typename Enum, std::size_t N>
struct Choice {
  std::string_view (*name)(Enum) noexcept;
  void Read(const Cursor& from, Enum& to) const {
    std::array<std::string_view, N> names;
    for (std::size_t i = 0; i < N; ++i) names[i] = name(static_cast<Enum>(i));
    if (const auto index = from.Choice(names)) to = static_cast<Enum>(*index);
  }
  [[nodiscard]] Json Write(Enum from) const { return name(from); }
};

// One that is left to Strata by "auto", which is what leaving the field out says, too.
template <typename Enum, std::size_t N>
struct OrAuto {
  Choice<Enum, N> choice;
  void Read(const Cursor& from, std::optional<Enum>& to) const {
    std::array<std::string_view, N + 1> names = {"auto"};
    for (std::size_t i = 0; i < N; ++i) names[i + 1] = choice.name(static_cast<Enum>(i));
    const auto index = from.Choice(names);
    if (index && *index > 0) to = static_cast<Enum>(*index - 1);
  }
  [[nodiscard]] Json Write(const std::optional<Enum>& from) const {
    return from ? choice.Write(*from) : Json();
  }
};
template <typename Enum, std::size_t N>
OrAuto(Choice<Enum, N>) -> OrAuto<Enum, N>;

// The class around another.
struct Outer {
  void Read(const Cursor& from, Class& to) const {
    const std::string* name = from.Text();
    if (name == nullptr) return;
    const auto value = ClassFromName(*name);
    if (value && IsOuter(*value)) {
      to = *value;
    } else {
      from.Fail("nothing runs within '" + *name + "'; there is " + std::string(kPairs));
    }
  }
  [[nodiscard]] Json Write(Class from) const { return ClassName(from); }
};

// A whole number without a unit.
struct Count {
  std::uint64_t min;
  std::uint64_t max;
  template <typename Integer>
  void Read(const Cursor& from, Integer& to) const {
    const auto bound = std::min<std::uint64_t>(max, std::numeric_limits<Integer>::max());
    if (const auto value = from.Whole(min, bound, "")) to = static_cast<Integer>(*value);
  }
  template <typename Integer>
  [[nodiscard]] Json Write(Integer from) const {
    return from;
  }
};

// A number of 2^`shift` bytes.
struct ByteCount {
  unsigned shift;
  std::string_view unit;
  std::uint64_t min;
  std::uint64_t max;
  void Read(const Cursor& from, Bytes& to) const {
    if (const auto value = from.Whole(min, max, unit)) to = Bytes{*value << shift};
  }
  [[nodiscard]] Json Write(Bytes from) const { return from.count >> shift; }
};
constexpr ByteCount Kibibytes(std::uint64_t min, std::uint64_t max) {
  return {10, "KiB", min, max};
}
constexpr ByteCount Mebibytes(std::uint64_t min, std::uint64_t max) {
  return {20, "MiB", min, max};
}

struct Milliseconds {
  std::uint64_t min;
  std::uint64_t max;
  void Read(const Cursor& from, std::chrono::milliseconds& to) const {
    if (const auto value = from.Whole(min, max, "ms")) to = std::chrono::milliseconds(*value);
  }
  [[nodiscard]] Json Write(std::chrono::milliseconds from) const { return from.count(); }
};

// A percentage with four decimals at most, kept as parts of a million.
struct Percent {
  std::uint32_t min;
  std::uint32_t max;
  void Read(const Cursor& from, std::uint32_t& to) const {
    if (const auto value = from.Percent(min, max)) to = *value;
  }
  [[nodiscard]] Json Write(std::uint32_t from) const {
    if (from % kPartsPerPercent == 0) return from / kPartsPerPercent;
    return static_cast<double>(from) / kPartsPerPercent;
  }
};

// How long something unused stays: "auto", or a time as Kubernetes writes it.
struct KeepAlive {
  void Read(const Cursor& from, std::optional<std::chrono::milliseconds>& to) const {
    const std::string* text = from.TextWithUnit();
    if (text == nullptr || *text == "auto") return;
    const auto time = ParseKeepAlive(*text);
    if (!time) return from.Fail(time.error().message);
    to = *time;
  }
  [[nodiscard]] Json Write(const std::optional<std::chrono::milliseconds>& from) const {
    return from ? Json(KeepAliveToString(*from)) : Json();
  }
};

// A field that may be absent, and then has no value.
template <typename Codec>
struct Maybe {
  Codec codec;
  template <typename T>
  void Read(const Cursor& from, std::optional<T>& to) const {
    codec.Read(from, to.emplace());
  }
  template <typename T>
  [[nodiscard]] Json Write(const std::optional<T>& from) const {
    return from ? codec.Write(*from) : Json();
  }
};
template <typename Codec>
Maybe(Codec) -> Maybe<Codec>;

// ---- collections --------------------------------------------------------------------------------

template <typename Codec>
struct ListOf {
  Codec codec;
  std::size_t max;
  template <typename T>
  void Read(const Cursor& from, std::vector<T>& to) const {
    const std::vector<Node>* items = from.List(max);
    if (items == nullptr) return;
    to.resize(items->size());
    for (std::size_t i = 0; i < to.size(); ++i) codec.Read(from.At(i), to[i]);
  }
  template <typename T>
  [[nodiscard]] Json Write(const std::vector<T>& from) const {
    if (from.empty()) return Json();
    Json list = Json::array();
    for (const T& item : from) list.push_back(codec.Write(item));
    return list;
  }
};
template <typename Codec>
ListOf(Codec, std::size_t) -> ListOf<Codec>;

// A map of strings, keys and values checked.
struct TextMap {
  Problem (*key_problem)(std::string_view);
  Text value;
  std::size_t max;
  void Read(const Cursor& from, std::map<std::string, std::string>& to) const {
    const std::vector<Member>* members = from.Map();
    if (members == nullptr) return;
    if (members->size() > max) {
      return from.Fail("has " + std::to_string(members->size()) + " entries; at most " +
                       std::to_string(max) + " are allowed");
    }
    for (const Member& member : *members) {
      const Cursor at = from.At(member);
      if (auto wrong = key_problem(member.name)) {
        at.Fail("the name '" + member.name + "' " + *wrong);
      }
      value.Read(at, to[member.name]);
    }
  }
  [[nodiscard]] Json Write(const std::map<std::string, std::string>& from) const {
    return from.empty() ? Json() : Json(from);
  }
};

}  // namespace strata::model::schema
