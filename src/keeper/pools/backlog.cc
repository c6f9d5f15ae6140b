#include "keeper/pools/backlog.h"

#include <iterator>
#include <utility>

namespace strata::keeper {

void Backlog::Add(Printed line) {
  bytes_ += line.text.size();
  lines_.push_back(std::move(line));
  while (lines_.size() > kMostLines || bytes_ > kMostBytes.count) {
    const Printed& oldest = lines_.front();
    Dropped& dropped = dropped_[oldest.name];
    dropped.sandbox_class = oldest.sandbox_class;
    ++dropped.lines;
    bytes_ -= oldest.text.size();
    lines_.pop_front();
  }
}

std::vector<Printed> Backlog::Take() {
  std::vector<Printed> all;
  for (const auto& [name, dropped] : std::exchange(dropped_, {})) {
    all.push_back(
        {.name = name,
         .sandbox = "",
         .sandbox_class = dropped.sandbox_class,
         .stream = "host",
         .text = std::to_string(dropped.lines) + " lines that no manager read in time are lost"});
  }
  all.insert(all.end(), std::make_move_iterator(lines_.begin()),
             std::make_move_iterator(lines_.end()));
  lines_.clear();
  bytes_ = 0;
  return all;
}

}  // namespace strata::keeper
