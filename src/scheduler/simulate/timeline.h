// scheduler/simulate/timeline.h - what is due when, earliest first; of equal times, the lowest
// value.
//
//   Simulator: Push(end, expiry, pre-warming) --> [ Timeline ] --Top, Pop--> the next;  Generator
//
// A heap of four children a node: half as deep as a binary one, and what a level compares lies in
// one cache line. Equal times have an order so that a run is the same each time. `at` is in
// nanoseconds since the trace's start; whoever takes an entry knows whether it still means
// something.
//
// Threads:  one. Memory: an Entry for each that waits. Errors: none; Top and Pop are not for an
//           empty one. Tested by timeline_test.cc.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace strata::scheduler::simulate {

template <typename Value>
class Timeline {
 public:
  struct Entry {
    std::int64_t at = 0;
    Value value{};
    friend bool operator<(const Entry& a, const Entry& b) {
      return a.at != b.at ? a.at < b.at : a.value < b.value;
    }
  };

  [[nodiscard]] bool empty() const noexcept { return heap_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return heap_.size(); }

  // The earliest. Not when empty.
  [[nodiscard]] const Entry& Top() const noexcept { return heap_.front(); }

  void Push(std::int64_t at, Value value) {
    heap_.push_back({at, value});
    std::size_t child = heap_.size() - 1;
    while (child > 0) {
      const std::size_t parent = (child - 1) / kChildren;
      if (!(heap_[child] < heap_[parent])) break;
      std::swap(heap_[child], heap_[parent]);
      child = parent;
    }
  }

  // Not when empty.
  void Pop() {
    const Entry last = heap_.back();
    heap_.pop_back();
    if (!heap_.empty()) Sink(last);
  }

  // Pop() and Push() in one go.
  void ReplaceTop(std::int64_t at, Value value) { Sink({at, value}); }

 private:
  static constexpr std::size_t kChildren = 4;

  // Puts `entry` where it belongs, from the top, which is free, down.
  void Sink(Entry entry) {
    std::size_t free = 0;
    for (;;) {
      const std::size_t first = free * kChildren + 1;
      if (first >= heap_.size()) break;
      const std::size_t last = std::min(first + kChildren, heap_.size());
      std::size_t least = first;
      for (std::size_t i = first + 1; i < last; ++i) {
        if (heap_[i] < heap_[least]) least = i;
      }
      if (!(heap_[least] < entry)) break;
      heap_[free] = heap_[least];
      free = least;
    }
    heap_[free] = entry;
  }

  std::vector<Entry> heap_;
};

}  // namespace strata::scheduler::simulate
