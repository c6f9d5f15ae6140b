// model/schema/reference.h - the tables of fields.h as rows for a reader: each field with what it
// takes, and what holds without it.
//
//   fields.h --> [ RowsOf ] --> manifest/reference.cc: a page, JSON
//
// One overload for each codec. An object that several kinds share (PartOf) is one row where it
// stands, and rows of its own once.
//
// Threads: pure. Tested by model/manifest/reference_test.cc.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "base/text/json.h"
#include "model/resource.h"
#include "model/rules.h"
#include "model/schema/codec.h"
#include "model/schema/cursor.h"
#include "model/schema/meanings.h"
#include "model/schema/object.h"

namespace strata::model::schema {

struct FieldRow {
  std::string path;       // in its part
  std::string type;       // "text", "whole number", ...
  std::string values;     // of these; empty: what the type says
  std::string otherwise;  // "required", a value, or nothing
};

// What a codec takes.
struct Shape {
  std::string type;
  std::string values{};
  std::string otherwise{};  // where the codec writes nothing for it
};

// ---- parts --------------------------------------------------------------------------------------

// The part that has the fields of T; empty: they are told where T stands.
template <typename T>
inline constexpr std::string_view kPartOf;
template <>
inline constexpr std::string_view kPartOf<Workload> = kWorkloadPart;
template <>
inline constexpr std::string_view kPartOf<HttpMatch> = kMatchPart;
template <>
inline constexpr std::string_view kPartOf<Probe> = kProbePart;

// ---- scalars ------------------------------------------------------------------------------------

// Of a text that `problem` or `normalize`, a function of rules.h, checks.
Shape ShapeOfText(Problem (*problem)(std::string_view));
Shape ShapeOfText(Result<std::string> (*normalize)(std::string_view));

inline std::string Code(std::string_view text) { return "`" + std::string(text) + "`"; }
inline std::string Range(const std::string& min, const std::string& max, std::string_view unit) {
  return min + " to " + max + (unit.empty() ? "" : " ") + std::string(unit);
}

inline Shape ShapeOf(const Text& codec) { return ShapeOfText(codec.problem); }
inline Shape ShapeOf(const TextOrAbsent& codec) { return ShapeOf(codec.text); }
inline Shape ShapeOf(const NormalText& codec) { return ShapeOfText(codec.normalize); }
inline Shape ShapeOf(const Spelled<HttpGrant>&) {
  return {"text", "`HOST:PORT`, an exact DNS name or IPv4 address"};
}
inline Shape ShapeOf(const KeepAlive&) {
  return {"text", "`auto`, or `500ms`, `90s`, `5m`, `1h`, at most `24h`", "`auto`"};
}
inline Shape ShapeOf(const Flag&) { return {"`true` or `false`"}; }

template <typename Enum, std::size_t N>
Shape ShapeOf(const Choice<Enum, N>& codec) {
  Shape shape{"text"};
  for (std::size_t i = 0; i < N; ++i) {
    shape.values += (i == 0 ? "" : ", ") + Code(codec.name(static_cast<Enum>(i)));
  }
  return shape;
}
template <typename Enum, std::size_t N>
Shape ShapeOf(const OrAuto<Enum, N>& codec) {
  return {"text", "`auto`, " + ShapeOf(codec.choice).values, "`auto`"};
}
inline Shape ShapeOf(const Outer&) {
  Shape shape{"text"};
  for (const Class value : kClasses) {
    if (IsOuter(value)) shape.values += (shape.values.empty() ? "" : ", ") + Code(ClassName(value));
  }
  return shape;
}

inline Shape ShapeOf(const Count& codec) {
  return {"whole number", Range(std::to_string(codec.min), std::to_string(codec.max), "")};
}
inline Shape ShapeOf(const ByteCount& codec) {
  return {"whole number", Range(std::to_string(codec.min), std::to_string(codec.max), codec.unit)};
}
inline Shape ShapeOf(const Milliseconds& codec) {
  return {"whole number", Range(std::to_string(codec.min), std::to_string(codec.max), "ms")};
}
inline Shape ShapeOf(const Percent& codec) {
  return {"number", Range(Json(codec.min / double{kPartsPerPercent}).dump(),
                          Json(codec.max / double{kPartsPerPercent}).dump(), "%")};
}

// ---- collections and objects --------------------------------------------------------------------

template <typename T, typename... Fields>
Shape ShapeOf(const Object<T, Fields...>&) {
  if constexpr (kPartOf<T>.empty()) return {"object"};
  return {"a [" + std::string(kPartOf<T>) + "](#a-" + std::string(kPartOf<T>) + ")"};
}
template <typename Codec>
Shape ShapeOf(const Maybe<Codec>& codec);
template <typename Codec>
Shape ShapeOf(const Under<Codec>&) {
  return {"object"};
}
template <typename Codec>
Shape ShapeOf(const ListOf<Codec>& codec) {
  const Shape item = ShapeOf(codec.codec);
  const std::string of = item.type == "object" ? "" : ", each " + item.values;
  return {"list", "at most " + std::to_string(codec.max) + of};
}
inline Shape ShapeOf(const TextMap& codec) {
  return {"map", "at most " + std::to_string(codec.max) +
                     "; name: " + ShapeOfText(codec.key_problem).values +
                     "; value: " + ShapeOf(codec.value).values};
}
template <typename Codec>
Shape ShapeOf(const Maybe<Codec>& codec) {
  return ShapeOf(codec.codec);
}

// ---- rows ---------------------------------------------------------------------------------------

template <typename T, typename... Fields>
void AddRows(const Object<T, Fields...>& object, const std::string& before,
             std::vector<FieldRow>& to);

// What a field's value consists of.
template <typename Codec>
void AddInner(const Codec&, const std::string&, std::vector<FieldRow>&) {}
template <typename T, typename... Fields>
void AddInner(const Object<T, Fields...>& object, const std::string& path,
              std::vector<FieldRow>& to) {
  if constexpr (kPartOf<T>.empty()) AddRows(object, path + ".", to);
}
template <typename Codec>
void AddInner(const Maybe<Codec>& codec, const std::string& path, std::vector<FieldRow>& to) {
  AddInner(codec.codec, path, to);
}
template <typename Codec>
void AddInner(const Under<Codec>& codec, const std::string& path, std::vector<FieldRow>& to) {
  const std::string inner = path + "." + std::string(codec.name);
  to.push_back({inner, ShapeOf(codec.codec).type, "", "required"});
  AddInner(codec.codec, inner, to);
}
template <typename Codec>
void AddInner(const ListOf<Codec>& codec, const std::string& path, std::vector<FieldRow>& to) {
  AddInner(codec.codec, path + "[]", to);
}

template <typename T, typename M, typename Codec>
void AddRow(const Field<T, M, Codec>& field, const std::string& before, std::vector<FieldRow>& to) {
  const std::string path = before + std::string(field.name);
  Shape shape = ShapeOf(field.codec);
  const Json usual = field.codec.Write(T{}.*(field.member));
  std::string otherwise = shape.otherwise;
  if (usual.is_primitive() && !usual.is_null()) {
    otherwise = Code(usual.is_string() ? usual.template get<std::string>() : usual.dump());
  }
  if (field.presence == Presence::kRequired) otherwise = "required";
  to.push_back({path, shape.type, shape.values, otherwise});
  AddInner(field.codec, path, to);
}
template <typename T, typename M, typename ObjectCodec>
void AddRow(const Inline<T, M, ObjectCodec>& field, const std::string& before,
            std::vector<FieldRow>& to) {
  if constexpr (kPartOf<M>.empty()) AddRows(field.object, before, to);
}
inline void AddRow(const Ignored&, const std::string&, std::vector<FieldRow>&) {}

template <typename T, typename... Fields>
void AddRows(const Object<T, Fields...>& object, const std::string& before,
             std::vector<FieldRow>& to) {
  std::apply([&](const auto&... field) { (AddRow(field, before, to), ...); }, object.fields);
}

// In the order of fields.h.
template <typename T, typename... Fields>
std::vector<FieldRow> RowsOf(const Object<T, Fields...>& object) {
  std::vector<FieldRow> rows;
  AddRows(object, "", rows);
  return rows;
}

}  // namespace strata::model::schema
