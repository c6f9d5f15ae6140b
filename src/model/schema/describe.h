// model/schema/describe.h - the tables of fields.h as OpenAPI: what Kubernetes' API server checks
// before it stores one of our resources.
//
//   fields.h --> [ Describe ] --> crd.cc: a CustomResourceDefinition's schema
//
// One overload for each codec. What no codec says, the characters of a text and the rules over
// several fields, is in forms.h. A schema may accept what the model refuses later (the operator
// says so in the resource's status); it refuses nothing that the model takes, but what means
// something on one machine only.
//
// Threads: pure. Tested by model/manifest/crd_test.cc and, on a real API server,
// tests/kube/cluster_test.py.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/text/json.h"
#include "model/schema/codec.h"
#include "model/schema/cursor.h"
#include "model/schema/forms.h"
#include "model/schema/object.h"
#include "model/values.h"

namespace strata::model::schema {

// ---- scalars ------------------------------------------------------------------------------------

inline Json Describe(const Text& codec) { return FormOf(codec.problem); }
inline Json Describe(const TextOrAbsent& codec) { return Describe(codec.text); }
inline Json Describe(const NormalText& codec) { return FormOf(codec.normalize); }
inline Json Describe(const Spelled<HttpGrant>&) { return HttpGrantForm(); }
inline Json Describe(const KeepAlive&) { return KeepAliveForm(); }
inline Json Describe(const Flag&) { return {{"type", "boolean"}}; }

template <typename Enum, std::size_t N>
Json Describe(const Choice<Enum, N>& codec) {
  Json names = Json::array();
  for (std::size_t i = 0; i < N; ++i) names.push_back(codec.name(static_cast<Enum>(i)));
  return {{"type", "string"}, {"enum", std::move(names)}};
}

template <typename Enum, std::size_t N>
Json Describe(const OrAuto<Enum, N>& codec) {
  Json schema = Describe(codec.choice);
  schema["enum"].push_back("auto");
  return schema;
}

inline Json Describe(const Outer&) {
  Json names = Json::array();
  for (const Class value : kClasses) {
    if (IsOuter(value)) names.push_back(ClassName(value));
  }
  return {{"type", "string"}, {"enum", std::move(names)}};
}

template <typename Bound>
Json NumberBetween(std::string_view type, Bound min, Bound max) {
  return {{"type", type}, {"minimum", min}, {"maximum", max}};
}
template <typename Codec>
  requires requires(const Codec& codec) { codec.min + codec.max; }
Json Describe(const Codec& codec) {  // Count, ByteCount, Milliseconds
  Json schema = NumberBetween("integer", codec.min, codec.max);
  schema["format"] = "int64";
  return schema;
}
inline Json Describe(const Percent& codec) {
  return NumberBetween("number", static_cast<double>(codec.min) / kPartsPerPercent,
                       static_cast<double>(codec.max) / kPartsPerPercent);
}

template <typename Codec>
Json Describe(const Maybe<Codec>& codec) {
  return Describe(codec.codec);
}

// ---- collections --------------------------------------------------------------------------------

// Says by what the items of a list are told apart, where no two may be alike.
template <typename Codec>
void AddListType(const Codec&, Json&) {}
inline void AddListType(const Spelled<HttpGrant>&, Json& list) {
  list["x-kubernetes-list-type"] = "set";
}
inline void AddListType(const Text& item, Json& list) {
  if (IsSetOf(item.problem)) list["x-kubernetes-list-type"] = "set";
}
template <typename T, typename... Fields>
void AddListType(const Object<T, Fields...>&, Json& list) {
  if constexpr (!kListKey<T>.empty()) {
    list["x-kubernetes-list-type"] = "map";
    list["x-kubernetes-list-map-keys"] = Json::array({kListKey<T>});
  }
}

template <typename Codec>
Json Describe(const ListOf<Codec>& codec) {
  Json list = {{"type", "array"}, {"maxItems", codec.max}, {"items", Describe(codec.codec)}};
  AddListType(codec.codec, list);
  return list;
}

inline Json Describe(const TextMap& codec) {
  return {{"type", "object"},
          {"maxProperties", codec.max},
          {"additionalProperties", Describe(codec.value)}};
}

template <typename Codec>
Json Describe(const Under<Codec>& codec) {
  const std::string name(codec.name);
  return {{"type", "object"},
          {"properties", {{name, Describe(codec.codec)}}},
          {"required", Json::array({name})}};
}

// ---- objects ------------------------------------------------------------------------------------

template <typename T, typename... Fields>
void AddFields(const Object<T, Fields...>& object, Json& to);

template <typename T, typename M, typename Codec>
void AddField(const Field<T, M, Codec>& field, Json& to) {
  const std::string name(field.name);
  to["properties"][name] = Describe(field.codec);
  if (field.presence == Presence::kRequired) to["required"].push_back(name);
}
template <typename T, typename M, typename ObjectCodec>
void AddField(const Inline<T, M, ObjectCodec>& field, Json& to) {
  AddFields(field.object, to);
}

template <typename T, typename... Fields>
void AddFields(const Object<T, Fields...>& object, Json& to) {
  std::apply([&](const auto&... field) { (AddField(field, to), ...); }, object.fields);
  for (const Rule& rule : kRules<T>) to["x-kubernetes-validations"].push_back(rule.ToJson());
}

template <typename T, typename... Fields>
Json Describe(const Object<T, Fields...>& object) {
  Json schema = {{"type", "object"}};
  AddFields(object, schema);
  return schema;
}

}  // namespace strata::model::schema
