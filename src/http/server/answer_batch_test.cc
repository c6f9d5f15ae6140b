#include "http/server/answer_batch.h"

#include <vector>

#include <gtest/gtest.h>

namespace strata::http {
namespace {

struct Client final : AnswerBatch::Sender {
  bool Flush() noexcept override {
    ++flushes;
    return !stuck;
  }
  int flushes = 0;
  bool stuck = false;
};

class AnswerBatchTest : public ::testing::Test {
 protected:
  // A round of the loop with two answers, after which answers are held.
  void Round(Duration takes) {
    batch_.Hold(one_);
    clock_.Advance(takes);
    batch_.Hold(two_);
    batch_.Close();
  }

  ManualClock clock_;
  AnswerBatch batch_{clock_};
  Client one_, two_, three_;
};

TEST_F(AnswerBatchTest, ALoneAnswerIsNotHeld) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(batch_.Hold(one_));
    batch_.Close();
  }
  EXPECT_EQ(one_.flushes, 0);
}

TEST_F(AnswerBatchTest, AnswersOfABusyRoundLeaveTogether) {
  Round(Duration::zero());
  EXPECT_TRUE(batch_.Hold(one_));
  EXPECT_TRUE(batch_.Hold(three_));
  EXPECT_EQ(one_.flushes + three_.flushes, 0);
  batch_.Close();
  EXPECT_EQ(one_.flushes, 1);
  EXPECT_EQ(three_.flushes, 1);
}

TEST_F(AnswerBatchTest, AFullBatchIsSentAtOnce) {
  Round(Duration::zero());
  std::vector<Client> clients(AnswerBatch::kAnswers);
  for (Client& client : clients) EXPECT_TRUE(batch_.Hold(client));
  for (const Client& client : clients) EXPECT_EQ(client.flushes, 1);
}

TEST_F(AnswerBatchTest, NothingIsHeldBehindALoopWithOtherWork) {
  Round(AnswerBatch::kLongest + Duration(1));
  EXPECT_FALSE(batch_.Hold(one_));
  batch_.Close();
  Round(AnswerBatch::kLongest);
  EXPECT_TRUE(batch_.Hold(one_));
}

TEST_F(AnswerBatchTest, WhatTheKernelDidNotTakeIsTriedAgain) {
  one_.stuck = true;
  batch_.Add(one_);
  batch_.Close();
  batch_.Close();
  EXPECT_EQ(one_.flushes, 2);
  one_.stuck = false;
  batch_.Close();
  batch_.Close();
  EXPECT_EQ(one_.flushes, 3);
}

TEST_F(AnswerBatchTest, AForgottenSenderIsNotTouched) {
  batch_.Add(one_);
  batch_.Forget(one_);
  batch_.Close();
  EXPECT_EQ(one_.flushes, 0);
}

}  // namespace
}  // namespace strata::http
