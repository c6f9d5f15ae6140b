// model/schema/cursor.h - a node of a document together with its path and the place where problems
// go; and the checks that every reader of a node needs.
//
//   Node (node.h) --> [ Cursor ] --> codec.h, object.h: a value, or a Problem at line and column
//
// A reader goes on after a problem, so that all of a manifest's are told at once.
//
// Threads:  one at a time. Lifetime: a Cursor borrows its node, the Problems and the Cursor that it
//           was made from. Errors: problems; never thrown. Tested by
//           model/manifest/manifest_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/manifest/diagnostic.h"
#include "model/schema/node.h"

namespace strata::model::schema {

inline constexpr std::uint32_t kPartsPerPercent = 10'000;  // of a million

class Cursor {
 public:
  // The root of a document.
  Cursor(const Node& node, Problems& problems) : node_(&node), problems_(&problems) {}

  // Adds a problem with this node.
  void Fail(std::string message) const;

  // The node as what a field expects; a problem and nothing when it is something else.
  [[nodiscard]] const std::vector<Member>* Map() const;
  [[nodiscard]] const std::vector<Node>* List(std::size_t max_items) const;
  [[nodiscard]] const std::string* Text() const;
  // The same of a time, which needs its unit.
  [[nodiscard]] const std::string* TextWithUnit() const;
  // `unit` ("MiB", "ms" or empty) is for the message.
  [[nodiscard]] std::optional<std::uint64_t> Whole(std::uint64_t min, std::uint64_t max,
                                                   std::string_view unit) const;
  // A number of percent with at most four decimals, as parts of a million.
  [[nodiscard]] std::optional<std::uint32_t> Percent(std::uint32_t min, std::uint32_t max) const;
  [[nodiscard]] std::optional<bool> Flag() const;
  // The index of the text in `names`.
  [[nodiscard]] std::optional<std::size_t> Choice(std::span<const std::string_view> names) const;

  // The value of a map's member, an item of a list.
  [[nodiscard]] Cursor At(const Member& member) const;
  [[nodiscard]] Cursor At(std::size_t index) const;

  // Adds a problem for each member of this map that is not in `names`, with the name that was
  // probably meant.
  void RefuseUnknown(std::span<const std::string_view> names) const;
  [[nodiscard]] const Member* Find(std::string_view name) const;

 private:
  Cursor(const Node& node, const Cursor& parent, const std::string* name, std::size_t index)
      : node_(&node), problems_(parent.problems_), parent_(&parent), name_(name), index_(index) {}

  [[nodiscard]] std::string Describe() const;
  [[nodiscard]] std::string Path() const;  // built when there is a problem only

  const Node* node_;
  Problems* problems_;
  const Cursor* parent_ = nullptr;     // null: the root
  const std::string* name_ = nullptr;  // of the member; null for an item
  std::size_t index_ = 0;              // of the item
};

}  // namespace strata::model::schema
