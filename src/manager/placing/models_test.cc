#include "manager/placing/models.h"

#include <memory>
#include <span>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"
#include "store/store.h"
#include "store/testing.h"

namespace strata::manager {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

meter::CallRecord Call(std::uint16_t status, std::uint64_t run_ns) {
  meter::CallRecord record;
  record.status = status;
  record.run_ns = run_ns;
  record.cpu_ns = 2'000'000;
  record.memory_peak = 1 << 20;
  return record;
}

// A call of a server in a keeper: its processes' CPU time and memory are told apart from it.
meter::CallRecord ServerCall() {
  meter::CallRecord call = Call(200, 5'000'000);
  call.cpu_ns = 0;
  call.memory_peak = 0;
  return call;
}

class ModelsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Restart();
    Deploy(store::FunctionOf("cart", "/cart", "shop", 'a'));
  }

  // As after kill -9: what was not stored is gone.
  void Restart() {
    models_.reset();
    store_.reset();
    store_ = *store::Store::Open(folder_.path(), clock_, random_);
    models_ = std::make_unique<Models>(*store_, log_);
  }
  void Deploy(store::NewResource what) {
    ASSERT_TRUE(store_->Apply(std::span(&what, 1)).has_value());
  }
  // Revision 1, 2, ... of the same workload.
  void Redeploy(char digest) { Deploy(store::FunctionOf("cart", "/cart", "shop", digest)); }
  void Learn(std::uint32_t revision, int calls, std::uint64_t run_ns = 2'000'000,
             const std::string& name = "cart") {
    for (int i = 0; i < calls; ++i) {
      models_->Learn({"shop", name, "wasm", revision}, Call(200, run_ns));
    }
  }
  Json Rows() {
    return models_->List("shop", "", [](auto) { return std::nullopt; })["models"];
  }

  testing::TempDir folder_;
  ManualClock clock_;
  SeededRandom random_{1};
  std::vector<std::string> lines_;
  telemetry::Logger log_ = telemetry::Logger::To(
      [this](telemetry::Level, std::string_view line) { lines_.emplace_back(line); },
      telemetry::Level::kInfo, telemetry::Format::kJson, clock_);
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Models> models_;
};

TEST_F(ModelsTest, LearnsFromWhatTheGuestDidAndFromNothingElse) {
  Learn(1, 50);
  for (const std::uint16_t status : {429, 404, 0}) {
    models_->Learn({"shop", "cart", "wasm", 1}, Call(status, 1));
  }
  const Json status = models_->StatusOf("shop", "cart");
  ASSERT_THAT(status["models"], SizeIs(1));
  const Json& model = status["models"][0];
  EXPECT_EQ(model["calls"], 50);
  EXPECT_EQ(model["failure_rate"], 0.0);
  // All took as long: the figures are of one bin, which is 2 % wide.
  EXPECT_NEAR(model["p99_ms"].get<double>() / model["p50_ms"].get<double>(), 1, 0.02);
  EXPECT_EQ(status["prediction"]["calls"], 49);
  EXPECT_NEAR(status["prediction"]["error"].get<double>(), 0, 1e-9);
  models_->Learn({"shop", "cart", "wasm", 1}, Call(502, 1));
  EXPECT_GT(Rows()[0]["failures"]["rate"], 0.0);
  EXPECT_THAT(models_->StatusOf("shop", "nobody")["models"], SizeIs(0));
}

TEST_F(ModelsTest, WhatACallStoodInLineForIsNoNeedOfItsWorkload) {
  const auto p99_in = [&](std::string_view sandbox_class) {
    for (const Json& row : Rows()) {
      if (row["class"] == sandbox_class) return row["start_ms"]["p99"].get<double>();
    }
    return -1.0;
  };
  Learn(1, 50);
  for (int i = 0; i < 50; ++i) {
    meter::CallRecord call = Call(200, 2'000'000);
    call.queue_ns = 3'000'000'000;
    models_->Learn({"shop", "cart", "wasm", 1}, call);
  }
  EXPECT_LT(p99_in("wasm"), 1);
  // But a server's first call waited for its server.
  meter::CallRecord first = ServerCall();
  first.sandbox = meter::SandboxCame::kMade;
  first.queue_ns = 3'000'000'000;
  models_->Learn({"shop", "cart", "container", 1}, first);
  EXPECT_NEAR(p99_in("container"), 3000, 70);
}

TEST_F(ModelsTest, WhatWasEndedForHavingStoodInLineIsNoFailureOfItsClass) {
  Learn(1, 9);
  meter::CallRecord late = Call(504, 10'000'000);
  late.exit = static_cast<std::uint8_t>(model::ExitReason::kStopped);
  late.queue_ns = 2'900'000'000;
  models_->Learn({"shop", "cart", "wasm", 1}, late);
  EXPECT_EQ(Rows()[0]["failures"]["rate"], 0);
  late.queue_ns = 0;  // it took too long by itself
  models_->Learn({"shop", "cart", "wasm", 1}, late);
  EXPECT_DOUBLE_EQ(Rows()[0]["failures"]["rate"].get<double>(), 0.1);
}

TEST_F(ModelsTest, WhatWasLostWithItsKeeperIsNoFailureOfItsClass) {
  meter::CallRecord lost = Call(503, 10'000'000);
  lost.lost = 1;
  models_->Learn({"shop", "cart", "wasm", 1}, lost);
  EXPECT_THAT(Rows(), SizeIs(0));
  Learn(1, 9);
  for (int i = 0; i < 50; ++i) models_->Learn({"shop", "cart", "wasm", 1}, lost);
  EXPECT_EQ(Rows()[0]["failures"]["rate"], 0);
}

TEST_F(ModelsTest, WhatWasStoredOutlivesTheManager) {
  Learn(1, 40);
  EXPECT_EQ(Rows()[0]["stored"], false);
  ASSERT_TRUE(models_->Flush().has_value());
  EXPECT_EQ(Rows()[0]["stored"], true);
  const Json before = Rows();
  Learn(1, 5);
  Restart();
  EXPECT_EQ(Rows(), before) << "and what came after it is forgotten";
}

TEST_F(ModelsTest, OneWriteTakesNoMoreThanABatchAndTheLastOnesAll) {
  for (std::size_t i = 0; i < 2 * Models::kBatch + 10; ++i) {
    const std::string name = "f" + std::to_string(i);
    Deploy(store::FunctionOf(name, "", "shop"));
    Learn(1, 1, 1'000'000, name);
  }
  ASSERT_TRUE(models_->Flush().has_value());
  EXPECT_THAT(*store_->Models(), SizeIs(Models::kBatch));
  models_->FlushAll();
  EXPECT_THAT(*store_->Models(), SizeIs(2 * Models::kBatch + 10));
}

TEST_F(ModelsTest, WhatDoesNotReadIsDroppedAndSaidAndLearnedAgain) {
  Learn(1, 40);
  ASSERT_TRUE(models_->Flush().has_value());
  auto record = store_->Models()->front();
  record.bytes[record.bytes.size() / 2] ^= 1;
  ASSERT_TRUE(store_->PutModels(std::span(&record, 1)).has_value());
  Restart();
  EXPECT_THAT(Rows(), SizeIs(0));
  ASSERT_THAT(lines_, SizeIs(1));
  EXPECT_THAT(lines_[0], HasSubstr("cart@1"));
  Learn(1, 1);
  EXPECT_EQ(Rows()[0]["calls"], 1);
}

TEST_F(ModelsTest, AllThatDoesNotReadIsSaidInOneLine) {
  for (const char* const name : {"f", "g"}) {
    Deploy(store::FunctionOf(name, "", "shop"));
    Learn(1, 1, 1'000'000, name);
  }
  ASSERT_TRUE(models_->Flush().has_value());
  auto records = *store_->Models();
  for (store::ModelRecord& record : records) record.bytes[0] ^= 1;  // another version
  ASSERT_TRUE(store_->PutModels(records).has_value());
  Restart();
  ASSERT_THAT(lines_, SizeIs(1));
  EXPECT_THAT(lines_[0], HasSubstr("\"revisions\":2"));
}

TEST_F(ModelsTest, ANewRevisionWithTheSameArtifactBeginsWithTheOneBefore) {
  Learn(1, 100, 100'000'000);
  store::NewResource changed = store::FunctionOf("cart", "/cart", "shop", 'a');
  std::get<model::FunctionSpec>(changed.resource.spec).workload.env = {{"MODE", "fast"}};
  Deploy(std::move(changed));
  Learn(2, 1, 1'000'000);
  const Json rows = Rows();
  ASSERT_THAT(rows, SizeIs(2));
  EXPECT_EQ(rows[1]["calls"], 1);
  EXPECT_NEAR(rows[1]["service_ms"]["p50"].get<double>(), 100, 3);
  Learn(1, 1, 100'000'000);
  EXPECT_EQ(Rows()[0]["calls"], 101) << "both go on, each by itself";
}

TEST_F(ModelsTest, WhatAnotherArtifactDidIsToldApart) {
  Learn(1, 100, 100'000'000);
  Redeploy('b');
  Models::Known known = models_->Find("shop", "cart", "wasm", store::DigestOf('b'));
  EXPECT_EQ(known.artifact, nullptr) << "it was never called";
  ASSERT_NE(known.other, nullptr);
  EXPECT_NEAR(known.other->service().Quantile(0.5), 100, 3);
  Learn(2, 1, 1'000'000);
  EXPECT_NEAR(Rows()[1]["service_ms"]["p50"].get<double>(), 1, 0.1) << "of its own call alone";
  known = models_->Find("shop", "cart", "wasm", store::DigestOf('b'));
  EXPECT_EQ(known.artifact->samples(), 1U);
  EXPECT_EQ(known.other->samples(), 100U);
  known = models_->Find("shop", "cart", "wasm", store::DigestOf('a'));
  EXPECT_EQ(known.artifact->samples(), 100U) << "and back again";
  EXPECT_EQ(known.other->samples(), 1U);
}

TEST_F(ModelsTest, TheSameArtifactUnderAnotherNameBeginsWithWhatItDidThere) {
  Learn(1, 100, 100'000'000);
  Deploy(store::FunctionOf("copy", "/copy", "shop", 'a'));
  ASSERT_NE(models_->Find("shop", "copy", "wasm", store::DigestOf('a')).artifact, nullptr);
  EXPECT_EQ(models_->Find("shop", "copy", "wasm", store::DigestOf('b')).artifact, nullptr);
  EXPECT_EQ(models_->Find("shop", "copy", "container", store::DigestOf('a')).artifact, nullptr);
  EXPECT_EQ(models_->Find("other", "copy", "wasm", store::DigestOf('a')).artifact, nullptr)
      << "tenants learn nothing of each other";
  Learn(1, 1, 1'000'000, "copy");
  EXPECT_NEAR(Rows()[1]["service_ms"]["p50"].get<double>(), 100, 3);
}

TEST_F(ModelsTest, TheNewestRevisionsAreKept) {
  for (std::uint32_t revision = 1; revision <= 5; ++revision) {
    if (revision > 1) Redeploy(static_cast<char>('a' + revision));
    Learn(revision, 1);
  }
  const Json rows = Rows();
  ASSERT_THAT(rows, SizeIs(Models::kRevisions));
  EXPECT_EQ(rows[0]["revision"], 3);
  Learn(1, 1);
  EXPECT_EQ(Rows(), rows) << "late records of an old one teach nothing";
  ASSERT_TRUE(models_->Flush().has_value());
}

TEST_F(ModelsTest, AnOldRevisionThatIsStillCalledTakesNothingFromTheNewest) {
  for (std::uint32_t revision = 1; revision <= 4; ++revision) {
    if (revision > 1) Redeploy("?bca"[revision - 1]);
    Learn(revision, 1);
  }
  Learn(1, 1);  // with the artifact of the fourth
  EXPECT_EQ(Rows()[0]["revision"], 2);
  EXPECT_NE(models_->Find("shop", "copy", "wasm", store::DigestOf('a')).artifact, nullptr);
}

TEST_F(ModelsTest, WhatIsDeletedIsForgotten) {
  Learn(1, 10);
  const model::ResourceKey key{"shop", model::Kind::kFunction, "cart"};
  ASSERT_TRUE(store_->Delete(std::span(&key, 1)).has_value());
  models_->Forget("shop", "cart");
  EXPECT_THAT(Rows(), SizeIs(0));
  Learn(1, 1);
  EXPECT_THAT(Rows(), SizeIs(0)) << "a late record";
  EXPECT_TRUE(models_->Flush().has_value());
}

TEST_F(ModelsTest, AServersLoadIsSharedByItsCalls) {
  const meter::CallRecord call = ServerCall();
  models_->LearnLoad("shop", "cart", "container", std::chrono::milliseconds(9), 1_MiB);
  EXPECT_THAT(Rows(), SizeIs(0)) << "nobody called it yet";
  for (int i = 0; i < 3; ++i) models_->Learn({"shop", "cart", "container", 1}, call);
  models_->LearnLoad("shop", "cart", "container", std::chrono::milliseconds(9), 4_MiB);
  models_->LearnLoad("shop", "cart", "container", std::chrono::milliseconds(0), Bytes{});
  const Json row = Rows()[0];
  EXPECT_DOUBLE_EQ(row["cpu_ms"].get<double>(), 3);
  EXPECT_DOUBLE_EQ(row["memory_mib"].get<double>(), 4);
}

TEST_F(ModelsTest, ALoadIsSharedByTheCallsOfAllRevisionsThatRunInItsClass) {
  Redeploy('b');
  const auto call = [this](std::uint32_t revision, int calls) {
    for (int i = 0; i < calls; ++i) {
      models_->Learn({"shop", "cart", "container", revision}, ServerCall());
    }
  };
  const auto load = [this](int ms) {
    models_->LearnLoad("shop", "cart", "container", std::chrono::milliseconds(ms), 4_MiB);
  };
  const auto each = [this](std::size_t row) { return Rows()[row]["cpu_ms"].get<double>(); };
  // A canary with one of a hundred.
  call(1, 99);
  call(2, 1);
  load(1000);
  EXPECT_DOUBLE_EQ(each(0), 10);
  EXPECT_DOUBLE_EQ(each(1), 10);
  // It is rolled back; later it is tried again.
  for (int hour = 0; hour < 5; ++hour) {
    call(1, 100);
    load(1000);
  }
  call(2, 2);
  load(20);
  EXPECT_DOUBLE_EQ(each(0), 10);
  EXPECT_DOUBLE_EQ(each(1), 10);
}

TEST_F(ModelsTest, WhatTheProgramAnsweredIsInTheFailuresAndNotInThoseOfItsSandboxes) {
  meter::CallRecord gave_up = Call(502, 1'000'000);
  gave_up.exit = static_cast<std::uint8_t>(model::ExitReason::kViolation);
  const ModelKey key{"shop", "cart", "wasm", 1};
  Learn(1, 1);
  models_->Learn(key, Call(500, 1'000'000));
  models_->Learn(key, Call(500, 1'000'000));
  models_->Learn(key, gave_up);
  const Json failures = Rows()[0]["failures"];
  EXPECT_DOUBLE_EQ(failures["rate"].get<double>(), 0.75);
  EXPECT_DOUBLE_EQ(failures["sandbox_rate"].get<double>(), 0.25);
  const Json model = models_->StatusOf("shop", "cart")["models"][0];
  EXPECT_EQ(model["failure_rate"], failures["rate"]);
  EXPECT_EQ(model["sandbox_failure_rate"], failures["sandbox_rate"]);
}

TEST_F(ModelsTest, ACallThatNoGuestRanForHasNoPartInTheLoad) {
  models_->Learn({"shop", "cart", "container", 1}, ServerCall());
  meter::CallRecord refused = ServerCall();
  refused.status = 503;
  refused.sandbox = meter::SandboxCame::kNone;
  for (int i = 0; i < 9; ++i) models_->Learn({"shop", "cart", "container", 1}, refused);
  models_->LearnLoad("shop", "cart", "container", std::chrono::milliseconds(10), 4_MiB);
  EXPECT_DOUBLE_EQ(Rows()[0]["cpu_ms"].get<double>(), 10);
}

}  // namespace
}  // namespace strata::manager
