#include "sandbox/wasm/outgoing/byte_queue.h"

#include <string>

#include <gtest/gtest.h>

#include "base/text/byte_view.h"

namespace strata::sandbox::wasm::outgoing {
namespace {

TEST(ByteQueueTest, KeepsOrderAcrossItsSeam) {
  ByteQueue queue;
  std::string in;
  std::string out;
  std::string part(1000, '\0');
  for (int round = 0; round < 500; ++round) {  // several times its capacity
    const std::string piece(700, static_cast<char>('a' + round % 26));
    ASSERT_EQ(queue.Push(AsBytes(piece)), piece.size());
    in += piece;
    const auto got = queue.Pop(std::as_writable_bytes(std::span(part)));
    out += part.substr(0, got);
  }
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(out, in);
}

TEST(ByteQueueTest, TakesOnlyWhatFits) {
  ByteQueue queue;
  const std::string big(ByteQueue::kCapacity + 1, 'x');
  EXPECT_EQ(queue.Push(AsBytes(big)), ByteQueue::kCapacity);
  EXPECT_TRUE(queue.Room().empty());
  EXPECT_EQ(queue.Push(AsBytes("y")), 0U);
  queue.Consume(10);
  EXPECT_EQ(queue.Push(AsBytes(big)), 10U);
}

TEST(ByteQueueTest, AnEmptyQueueHasNoFront) {
  const ByteQueue queue;
  EXPECT_TRUE(queue.empty());
  EXPECT_TRUE(queue.Front().empty());
}

}  // namespace
}  // namespace strata::sandbox::wasm::outgoing
