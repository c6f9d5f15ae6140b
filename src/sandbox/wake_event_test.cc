#include "sandbox/wake_event.h"

#include <string>

#include <gtest/gtest.h>

#include "sandbox/call/helper.h"

namespace strata::sandbox {
namespace {

Awaitable<void> WaitTwice(WakeEvent& event, std::string& trace) {
  co_await event.Wait();
  trace += "1";
  co_await event.Wait();
  trace += "2";
}

TEST(WakeEventTest, ManyWakesAreOneResumption) {
  Loop loop;
  WakeEvent event(loop);
  std::string trace;
  Spawn(loop, WaitTwice(event, trace));
  loop.poll();
  EXPECT_EQ(trace, "");
  event.Wake();
  event.Wake();
  loop.poll();
  EXPECT_EQ(trace, "1");
  event.Wake();
  loop.run();
  EXPECT_EQ(trace, "12");
}

TEST(WakeEventTest, AWakeBeforeTheWaitCountsAndGoesToTheBackOfTheQueue) {
  Loop loop;
  WakeEvent event(loop);
  std::string trace;
  event.Wake();
  Spawn(loop, WaitTwice(event, trace));
  asio::post(loop, [&] { trace += "queued before;"; });
  event.Wake();
  loop.poll();
  EXPECT_EQ(trace, "queued before;1");
  event.Wake();
  loop.run();
}

Awaitable<void> WaitOnce(WakeEvent& event) { co_await event.Wait(); }

TEST(HelperTest, CancelEndsAWaitAndWakesTheOwner) {
  Loop loop;
  WakeEvent never(loop);
  WakeEvent done(loop);
  Helper helper;
  helper.Start(loop, WaitOnce(never), done);
  loop.poll();
  EXPECT_TRUE(helper.running());
  helper.Cancel();
  loop.run();
  EXPECT_FALSE(helper.running());
}

}  // namespace
}  // namespace strata::sandbox
