#include "sandbox/worker.h"

#include <future>
#include <utility>

#include <gtest/gtest.h>

#include "sandbox/call/helper.h"

namespace strata::sandbox {
namespace {

Awaitable<void> RunJob(Worker& worker, std::future<void> allowed, int& result) {
  std::move_only_function<Result<int>()> job = [allowed = std::move(allowed)]() -> Result<int> {
    allowed.wait();
    return 3;
  };
  const auto got = co_await worker.Run(std::move(job));
  result = got.value_or(-1);
}

TEST(WorkerTest, ACancelledWaitLastsUntilItsJobIsDone) {
  Loop loop;
  const auto worker = Worker::Start(WorkerMounts::kShared);
  ASSERT_TRUE(worker.has_value()) << worker.error().message;
  std::promise<void> allow;
  int result = 0;
  WakeEvent done(loop);
  Helper helper;
  helper.Start(loop, RunJob(**worker, allow.get_future(), result), done);
  loop.poll();
  helper.Cancel();
  loop.restart();
  loop.poll();
  EXPECT_TRUE(helper.running());
  allow.set_value();
  loop.restart();
  loop.run();
  EXPECT_FALSE(helper.running());
  EXPECT_EQ(result, 3);
}

}  // namespace
}  // namespace strata::sandbox
