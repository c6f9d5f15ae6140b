#include "http/server/deadlines.h"

#include <utility>

namespace strata::http {

Deadlines::Slot::Slot(Deadlines& table, Owner& owner)
    : table_(table), index_(table.entries_.size()) {
  table_.entries_.push_back(Entry{{TimePoint::max(), TimePoint::max()}, &owner, this});
}

Deadlines::Slot::~Slot() {
  Entry& last = table_.entries_.back();
  last.slot->index_ = index_;
  table_.entries_[index_] = last;
  table_.entries_.pop_back();
}

void Deadlines::Advance(TimePoint now) {
  now_ = now;
  for (Entry& entry : entries_) {
    for (const Wait which : {Wait::kRead, Wait::kWrite}) {
      TimePoint& at = entry.at[static_cast<std::size_t>(which)];
      if (at > now) continue;
      at = TimePoint::max();
      entry.owner->Expired(which);
    }
  }
}

}  // namespace strata::http
