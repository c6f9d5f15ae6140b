#include "http/server/deadlines.h"

#include <memory>
#include <vector>

#include <gtest/gtest.h>

namespace strata::http {
namespace {

struct Recorder final : Deadlines::Owner {
  explicit Recorder(Deadlines& table) : slot(table, *this) {}
  void Expired(Wait which) noexcept override { seen.push_back(which); }
  std::vector<Wait> seen;
  Deadlines::Slot slot;
};

TEST(DeadlinesTest, EachPassedDeadlineIsToldOnce) {
  const TimePoint start{};
  Deadlines table(start);
  Recorder one(table);
  one.slot.Set(Wait::kRead, start + Duration(10));
  one.slot.Set(Wait::kWrite, start + Duration(20));
  table.Advance(start + Duration(9));
  EXPECT_TRUE(one.seen.empty());
  table.Advance(start + Duration(10));
  table.Advance(start + Duration(11));
  EXPECT_EQ(one.seen, std::vector{Wait::kRead});
  table.Advance(start + Duration(30));
  EXPECT_EQ(one.seen, (std::vector{Wait::kRead, Wait::kWrite}));
}

TEST(DeadlinesTest, AClearedDeadlineDoesNotFire) {
  Deadlines table(TimePoint{});
  Recorder one(table);
  one.slot.Set(Wait::kRead, TimePoint{} + Duration(10));
  one.slot.Clear(Wait::kRead);
  table.Advance(TimePoint{} + Duration(100));
  EXPECT_TRUE(one.seen.empty());
}

TEST(DeadlinesTest, SlotsKeepTheirDeadlinesWhenOthersGo) {
  Deadlines table(TimePoint{});
  auto first = std::make_unique<Recorder>(table);
  auto second = std::make_unique<Recorder>(table);
  Recorder third(table);
  second->slot.Set(Wait::kRead, TimePoint{} + Duration(5));
  third.slot.Set(Wait::kWrite, TimePoint{} + Duration(7));
  first.reset();  // the last slot takes its place
  third.slot.Set(Wait::kRead, TimePoint{} + Duration(6));
  table.Advance(TimePoint{} + Duration(10));
  EXPECT_EQ(second->seen, std::vector{Wait::kRead});
  EXPECT_EQ(third.seen, (std::vector{Wait::kRead, Wait::kWrite}));
}

}  // namespace
}  // namespace strata::http
