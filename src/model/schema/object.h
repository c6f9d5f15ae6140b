// model/schema/object.h - codecs of objects: which fields a struct has, under which names.
//
// An object's codec is a tuple of fields; each reads, writes and names itself. A codec is what
// codec.h says.
//
// Threads: constants. Tested through model/manifest/manifest_test.cc.
#pragma once

#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/text/json.h"
#include "model/schema/cursor.h"

namespace strata::model::schema {

enum class Presence : bool { kOptional, kRequired };

// One field of an object: `member` of T under `name`.
template <typename T, typename M, typename Codec>
struct Field {
  std::string_view name;
  M T::* member;
  Codec codec;
  Presence presence = Presence::kOptional;

  void Names(std::vector<std::string_view>& to) const { to.push_back(name); }
  void Read(const Cursor& from, T& to) const {
    const Member* found = from.Find(name);
    if (found != nullptr) return codec.Read(from.At(*found), to.*member);
    if (presence == Presence::kRequired) {
      from.Fail("the field '" + std::string(name) + "' is missing");
    }
  }
  void Write(const T& from, Json& to) const {
    Json value = codec.Write(from.*member);
    if (!value.is_null()) to[std::string(name)] = std::move(value);
  }
};
template <typename T, typename M, typename Codec>
Field(const char*, M T::*, Codec) -> Field<T, M, Codec>;
template <typename T, typename M, typename Codec>
Field(const char*, M T::*, Codec, Presence) -> Field<T, M, Codec>;

// The fields of the object `member` appear in the outer object itself.
template <typename T, typename M, typename ObjectCodec>
struct Inline {
  M T::* member;
  ObjectCodec object;

  void Names(std::vector<std::string_view>& to) const { object.Names(to); }
  void Read(const Cursor& from, T& to) const { object.ReadFields(from, to.*member); }
  void Write(const T& from, Json& to) const { object.WriteFields(from.*member, to); }
};
template <typename T, typename M, typename ObjectCodec>
Inline(M T::*, ObjectCodec) -> Inline<T, M, ObjectCodec>;

// A field that is accepted with any value and dropped.
struct Ignored {
  std::string_view name;

  void Names(std::vector<std::string_view>& to) const { to.push_back(name); }
  template <typename T>
  void Read(const Cursor&, T&) const {}
  template <typename T>
  void Write(const T&, Json&) const {}
};

// An object of known fields. `check` sees what no field can see alone; it runs on every object that
// was read, also when a field had a problem.
template <typename T, typename... Fields>
struct Object {
  void (*check)(const Cursor&, T&);
  std::tuple<Fields...> fields;

  void Names(std::vector<std::string_view>& to) const {
    std::apply([&](const auto&... field) { (field.Names(to), ...); }, fields);
  }
  void ReadFields(const Cursor& from, T& to) const {
    std::apply([&](const auto&... field) { (field.Read(from, to), ...); }, fields);
    if (check != nullptr) check(from, to);
  }
  void WriteFields(const T& from, Json& to) const {
    std::apply([&](const auto&... field) { (field.Write(from, to), ...); }, fields);
  }
  void Read(const Cursor& from, T& to) const {
    if (from.Map() == nullptr) return;
    std::vector<std::string_view> names;
    Names(names);
    from.RefuseUnknown(names);
    ReadFields(from, to);
  }
  [[nodiscard]] Json Write(const T& from) const {
    Json object = Json::object();
    WriteFields(from, object);
    return object.empty() ? Json() : object;
  }
};

template <typename T, typename... Fields>
constexpr Object<T, Fields...> ObjectOf(void (*check)(const Cursor&, T&), Fields... fields) {
  return {check, {fields...}};
}

// {name: value}: an object with one field that stands for the value itself.
template <typename Codec>
struct Under {
  std::string_view name;
  Codec codec;
  template <typename T>
  void Read(const Cursor& from, T& to) const {
    if (from.Map() == nullptr) return;
    from.RefuseUnknown({&name, 1});
    const Member* found = from.Find(name);
    if (found == nullptr) return from.Fail("the field '" + std::string(name) + "' is missing");
    codec.Read(from.At(*found), to);
  }
  template <typename T>
  [[nodiscard]] Json Write(const T& from) const {
    return Json{{std::string(name), codec.Write(from)}};
  }
};
template <typename Codec>
Under(const char*, Codec) -> Under<Codec>;

}  // namespace strata::model::schema
