// base/async/counted.h - a guard that adds one to a counter for as long as it lives.
//
//   const Counted counted(in_flight_);
//
// Threads: the count's. Lifetime: within the count's. Tested by counted_test.cc.
#pragma once

namespace strata {

template <typename Count>
class [[nodiscard]] Counted {
 public:
  explicit Counted(Count& count) : count_(count) { ++count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --count_; }

 private:
  Count& count_;
};

}  // namespace strata
