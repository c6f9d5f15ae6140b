// base/lines/ordered.h - a set of things in the order of a key that may change.
//
// Put and Drop take logarithmic time; the first is found at once. `Thing` is small and hashable, a
// pointer say.
//
// Threads: one. While it is gone through, others than the one that is looked at may be put or
// dropped. Tested by ordered_test.cc.
#pragma once

#include <cstddef>
#include <set>
#include <unordered_map>
#include <utility>

namespace strata {

template <typename Thing, typename Key>
class Ordered {
 public:
  [[nodiscard]] bool empty() const noexcept { return order_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return order_.size(); }
  // {key, thing}, the least key first. Not to be called when it is empty.
  [[nodiscard]] const std::pair<Key, Thing>& first() const { return *order_.begin(); }
  [[nodiscard]] auto begin() const { return order_.begin(); }
  [[nodiscard]] auto end() const { return order_.end(); }

  // To its place; it stays there when the key is the one that it has.
  void Put(const Thing& thing, const Key& key) {
    const auto [known, fresh] = keys_.try_emplace(thing, key);
    if (!fresh && known->second == key) return;
    if (!fresh) order_.erase({known->second, thing});
    known->second = key;
    order_.emplace(key, thing);
  }
  // One that is not there is as good as dropped.
  void Drop(const Thing& thing) {
    const auto known = keys_.find(thing);
    if (known == keys_.end()) return;
    order_.erase({known->second, thing});
    keys_.erase(known);
  }

 private:
  std::set<std::pair<Key, Thing>> order_;
  std::unordered_map<Thing, Key> keys_;
};

}  // namespace strata
