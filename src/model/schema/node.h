// model/schema/node.h - a document as a tree of plain values with positions; what YAML and JSON
// have in common, before anything is known about its meaning.
//
//   text --yaml.h, base/text/json.h--> [ Node ] --Cursor (cursor.h)--> fields.h --> Resource
//
// Threads:  values. Lifetime: owns its texts. A tree from YAML is at most 32 levels deep, one from
//           JSON 64 (base/text/json.h), so functions over it may recurse. Errors: none here.
// Tested by manifest_test.cc.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/text/json.h"

namespace strata::model::schema {

struct Member;

struct Node {
  enum class Type : std::uint8_t { kNull, kScalar, kSequence, kMap };
  Type type = Type::kNull;
  bool quoted = false;  // a scalar that can only be a string
  int line = 0;         // from 1; 0: unknown
  int column = 0;
  std::string text;             // of a scalar
  std::vector<Node> items;      // of a sequence
  std::vector<Member> members;  // of a map, in the order of the text, names unique
};

struct Member {
  std::string name;
  int line = 0;
  int column = 0;
  Node value;
};

// What a YAML reader of version 1.1 or 1.2 could take an unquoted scalar for.
enum class PlainType : std::uint8_t { kString, kNumber, kBoolean, kNull };
PlainType TypeOfPlain(const std::string& text);

// The tree of a parsed JSON value; positions are unknown.
Node NodeOfJson(const Json& value);

}  // namespace strata::model::schema
