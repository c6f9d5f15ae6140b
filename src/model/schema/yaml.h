// model/schema/yaml.h - YAML text to trees, bounded before and while it is parsed.
//
// yaml-cpp's tree builder knows no limits, so only its event parser is used: the tree is ours, and
// building stops at the first anchor, alias, tag, level or node too many.
//
// Threads: pure functions. Tested by model/manifest/manifest_bomb_test.cc.
#pragma once

#include <string_view>
#include <vector>

#include "model/manifest/diagnostic.h"
#include "model/schema/node.h"

namespace strata::model::schema {

inline constexpr int kMaxDepth = 32;
inline constexpr int kMaxNodes = 100'000;

struct Document {
  Node root;
  bool sound = true;  // false: it has a bad key, already among the problems
};

// The documents of `text`; empty ones are left out. Stops at the first problem of syntax or size,
// which is added to `problems`; the documents before it are returned.
std::vector<Document> ReadYaml(std::string_view text, Problems& problems);

}  // namespace strata::model::schema
