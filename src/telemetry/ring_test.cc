#include "telemetry/ring.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"

namespace strata::telemetry {
namespace {

constexpr std::uint64_t kHeader = 4096;
constexpr std::uint64_t kCapacity = Bytes::KiB(256).count;

struct Ends {
  Fd fd;
  RingWriter writer;
  RingReader reader;
};

Ends NewRing() {
  auto fd = MakeRing(256_KiB);
  EXPECT_TRUE(fd) << fd.error().message;
  auto writer = RingWriter::Open(fd->get());
  auto reader = RingReader::Open(fd->get());
  EXPECT_TRUE(writer && reader);
  return {std::move(*fd), std::move(*writer), std::move(*reader)};
}

// The ring's file as a hostile producer sees it: any byte may be changed.
class RawRing {
 public:
  explicit RawRing(int fd)
      : base_(static_cast<std::byte*>(
            ::mmap(nullptr, kHeader + kCapacity, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0))) {
    EXPECT_NE(base_, MAP_FAILED);
  }
  RawRing(const RawRing&) = delete;
  RawRing& operator=(const RawRing&) = delete;
  ~RawRing() { ::munmap(base_, kHeader + kCapacity); }

  template <typename T>
  void Put(std::uint64_t offset, T value) {
    std::memcpy(base_ + offset, &value, sizeof(value));
  }
  std::span<std::byte> bytes() { return {base_, kHeader + kCapacity}; }

 private:
  std::byte* base_;
};

constexpr std::uint64_t kHeadOffset = 64;
constexpr std::uint64_t kTailOffset = 128;

TEST(RingTest, RecordsArriveInOrderWithTypeAndGrowingPosition) {
  Ends ring = NewRing();
  ASSERT_TRUE(ring.writer.Write(RecordType::kCall, AsBytes("call")));
  ASSERT_TRUE(ring.writer.Write(RecordType::kLog, AsBytes("")));
  ASSERT_TRUE(ring.writer.Write(RecordType::kAudit, AsBytes("a longer record")));
  const auto records = ring.reader.Read();
  ASSERT_TRUE(records);
  ASSERT_EQ(records->size(), 3U);
  EXPECT_EQ((*records)[0].type, RecordType::kCall);
  EXPECT_EQ((*records)[0].payload, "call");
  EXPECT_EQ((*records)[1].payload, "");
  EXPECT_EQ((*records)[2].type, RecordType::kAudit);
  EXPECT_EQ((*records)[2].payload, "a longer record");
  EXPECT_LT((*records)[0].position, (*records)[1].position);
  EXPECT_LT((*records)[1].position, (*records)[2].position);
  EXPECT_TRUE(ring.reader.Read()->empty());
}

TEST(RingTest, TheProducerSeesWhatWasFreedNotWhatWasRead) {
  Ends ring = NewRing();
  ASSERT_TRUE(ring.writer.Write(RecordType::kCall, AsBytes("call")));
  ASSERT_TRUE(ring.reader.Read());
  EXPECT_EQ(ring.writer.freed(), 0U);
  ring.reader.Commit();
  EXPECT_GT(ring.writer.freed(), 0U);
  EXPECT_EQ(ring.writer.freed(), ring.writer.written());
}

TEST(RingTest, WrapsAroundManyTimesWithoutLosingAByte) {
  Ends ring = NewRing();
  SeededRandom random(1);
  std::uint64_t written = 0;
  while (written < 20 * kCapacity) {
    std::vector<std::string> sent;
    for (int i = 0; i < 5; ++i) {
      std::string payload(random.Below(20'000), '\0');
      random.Fill(std::as_writable_bytes(std::span(payload.data(), payload.size())));
      ASSERT_TRUE(ring.writer.Write(RecordType::kCall, AsBytes(payload)));
      written += payload.size();
      sent.push_back(std::move(payload));
    }
    const auto records = ring.reader.Read();
    ASSERT_TRUE(records) << records.error().message;
    ASSERT_EQ(records->size(), sent.size());
    for (std::size_t i = 0; i < sent.size(); ++i) EXPECT_EQ((*records)[i].payload, sent[i]);
    ring.reader.Commit();
  }
}

TEST(RingTest, WhenFullLogsAreDroppedFirstAndCallsPushBack) {
  Ends ring = NewRing();
  const std::string payload(1000, 'x');
  int logs = 0;
  while (ring.writer.dropped() == 0) {
    ASSERT_TRUE(ring.writer.Write(RecordType::kLog, AsBytes(payload)));
    ++logs;
  }
  EXPECT_EQ(ring.reader.dropped(RecordType::kLog), 1U);
  // A quarter is kept for calls and audit.
  int calls = 0;
  auto written = ring.writer.Write(RecordType::kCall, AsBytes(payload));
  for (; written; written = ring.writer.Write(RecordType::kCall, AsBytes(payload))) ++calls;
  EXPECT_EQ(written.error().code, Errc::kResourceExhausted);
  EXPECT_NEAR(3 * calls, logs - 1, 6);
  EXPECT_EQ(ring.reader.dropped(RecordType::kCall), 0U) << "refused, not dropped";
  ring.writer.CountLost(RecordType::kCall);
  EXPECT_EQ(ring.reader.dropped(RecordType::kCall), 1U) << "given up by its writer";
  // Room again once the consumer has committed, and not before.
  ASSERT_TRUE(ring.reader.Read(Bytes{1}));
  EXPECT_FALSE(ring.writer.Write(RecordType::kCall, AsBytes(payload)));
  ring.reader.Commit();
  EXPECT_TRUE(ring.writer.Write(RecordType::kCall, AsBytes(payload)));
}

TEST(RingTest, ARecordOverTheLimitIsRefused) {
  Ends ring = NewRing();
  EXPECT_TRUE(ring.writer.Write(RecordType::kAudit, AsBytes(std::string(64 << 10, 'x'))));
  const auto refused =
      ring.writer.Write(RecordType::kAudit, AsBytes(std::string((64 << 10) + 1, 'x')));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kInvalidArgument);
  EXPECT_EQ(ring.reader.Read()->size(), 1U);
}

TEST(RingTest, HowMuchIsThereByNowIsToldBeforeItIsRead) {
  Ends ring = NewRing();
  EXPECT_EQ(ring.reader.written(), ring.reader.end());
  ASSERT_TRUE(ring.writer.Write(RecordType::kLog, AsBytes("one")));
  const std::uint64_t one = ring.reader.written();
  ASSERT_TRUE(ring.writer.Write(RecordType::kLog, AsBytes("two")));
  ASSERT_EQ(ring.reader.Read(Bytes{1})->size(), 1U);
  EXPECT_EQ(ring.reader.end(), one);
  EXPECT_GT(ring.reader.written(), one);
}

TEST(RingTest, ReadTakesAboutAsMuchAsAskedForButAtLeastOne) {
  Ends ring = NewRing();
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(ring.writer.Write(RecordType::kCall, AsBytes(std::string(100, 'x'))));
  }
  EXPECT_EQ(ring.reader.Read(Bytes{1})->size(), 1U);
  EXPECT_EQ(ring.reader.Read(Bytes{150})->size(), 2U);
  EXPECT_EQ(ring.reader.Read()->size(), 1U);
}

TEST(RingTest, AConsumerKilledBeforeItsCommitReadsTheSameAgain) {
  Ends ring = NewRing();
  ASSERT_TRUE(ring.writer.Write(RecordType::kCall, AsBytes("one")));
  ASSERT_TRUE(ring.reader.Read());
  ring.reader.Commit();
  ASSERT_TRUE(ring.writer.Write(RecordType::kCall, AsBytes("two")));
  const auto first = ring.reader.Read();
  ASSERT_EQ(first->size(), 1U);
  // No Commit: the next consumer starts from the shared memory alone.
  auto next = RingReader::Open(ring.fd.get());
  ASSERT_TRUE(next);
  const auto again = next->Read();
  ASSERT_EQ(again->size(), 1U);
  EXPECT_EQ((*again)[0].payload, "two");
  EXPECT_EQ((*again)[0].position, (*first)[0].position) << "so a replay can be told";
}

TEST(RingTest, WhatWasHandledIsKnownToTheNextConsumerThoughItIsThereStill) {
  Ends ring = NewRing();
  ASSERT_TRUE(ring.writer.Write(RecordType::kCall, AsBytes("handled")));
  ASSERT_EQ(ring.reader.Read()->size(), 1U);
  EXPECT_EQ(ring.reader.handled(), 0U);
  ring.reader.NoteHandled();
  ASSERT_TRUE(ring.writer.Write(RecordType::kCall, AsBytes("not handled")));
  auto next = RingReader::Open(ring.fd.get());
  ASSERT_TRUE(next);
  const auto records = next->Read();
  ASSERT_EQ(records->size(), 2U);
  EXPECT_LT((*records)[0].position, next->handled());
  EXPECT_EQ((*records)[1].position, next->handled());
}

TEST(RingTest, WhatIsReadAndNotFreedIsMuchFromAQuarterOn) {
  Ends ring = NewRing();
  RawRing raw(ring.fd.get());
  const std::string record(16 * 1024 - 8, 'x');
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(ring.writer.Write(RecordType::kCall, AsBytes(record)));
  ASSERT_TRUE(ring.reader.Read());
  EXPECT_FALSE(ring.reader.holds_much());
  raw.Put(kTailOffset, std::uint64_t{8} << 40);
  EXPECT_FALSE(ring.reader.holds_much()) << "the producer cannot make us hurry";
  raw.Put(kTailOffset, std::uint64_t{0});
  ASSERT_TRUE(ring.writer.Write(RecordType::kCall, AsBytes("one more")));
  ASSERT_TRUE(ring.reader.Read());
  EXPECT_TRUE(ring.reader.holds_much());
  ring.reader.Commit();
  EXPECT_FALSE(ring.reader.holds_much());
}

TEST(RingTest, SkipToLeavesOutWhatWasPersistedAndRefusesOtherPlaces) {
  Ends ring = NewRing();
  ASSERT_TRUE(ring.writer.Write(RecordType::kCall, AsBytes("one")));
  ASSERT_TRUE(ring.reader.Read());
  const std::uint64_t persisted = ring.reader.end();
  ASSERT_TRUE(ring.writer.Write(RecordType::kCall, AsBytes("two")));
  auto next = RingReader::Open(ring.fd.get());
  ASSERT_TRUE(next->SkipTo(persisted));
  EXPECT_EQ(next->Read()->at(0).payload, "two");
  EXPECT_FALSE(next->SkipTo(persisted)) << "backwards";
  EXPECT_FALSE(next->SkipTo(next->end() + 8)) << "not written yet";
}

TEST(RingTest, AKilledProducerLeavesWholeRecordsOnly) {
  Ends ring = NewRing();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // also when the test gives up
    // Writes until it is killed; the payload says its own length.
    for (std::uint32_t size = 5;; size = 5 + (size * 7 + 13) % 3000) {
      std::string payload(size, static_cast<char>(size));
      std::memcpy(payload.data(), &size, sizeof(size));
      static_cast<void>(ring.writer.Write(RecordType::kCall, AsBytes(payload)));
    }
  }
  std::size_t seen = 0;
  bool killed = false;
  while (true) {
    const auto records = ring.reader.Read();
    ASSERT_TRUE(records) << records.error().message;
    for (const Record& record : *records) {
      std::uint32_t size = 0;
      ASSERT_GE(record.payload.size(), sizeof(size));
      std::memcpy(&size, record.payload.data(), sizeof(size));
      ASSERT_EQ(record.payload.size(), size);
      ASSERT_EQ(record.payload.back(), static_cast<char>(size));
    }
    ring.reader.Commit();
    seen += records->size();
    if (killed && records->empty()) break;
    if (seen > 20'000 && !killed) {
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, 0);
      killed = true;
    }
  }
  // A new producer goes on in the same ring.
  auto writer = RingWriter::Open(ring.fd.get());
  ASSERT_TRUE(writer);
  ASSERT_TRUE(writer->Write(RecordType::kAudit, AsBytes("restarted")));
  EXPECT_EQ(ring.reader.Read()->at(0).payload, "restarted");
}

// Each breaks the ring in one way, after one good record was written at position 0.
struct Damage {
  const char* name;
  std::uint64_t offset;
  std::uint64_t value;
  int bytes;
};
class BrokenRingTest : public ::testing::TestWithParam<Damage> {};

TEST_P(BrokenRingTest, IsReportedOnceAndWorksAgain) {
  Ends ring = NewRing();
  RawRing raw(ring.fd.get());
  ASSERT_TRUE(ring.writer.Write(RecordType::kCall, AsBytes("good")));
  const Damage& damage = GetParam();
  std::memcpy(raw.bytes().data() + damage.offset, &damage.value, damage.bytes);
  const auto records = ring.reader.Read();
  ASSERT_FALSE(records);
  EXPECT_EQ(records.error().code, Errc::kInvalidArgument);
  // The producer's next records put the head right again; at the latest the second one arrives.
  std::size_t arrived = 0;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(ring.writer.Write(RecordType::kAudit, AsBytes("after")));
    if (const auto after = ring.reader.Read(); after) arrived += after->size();
    ring.reader.Commit();
  }
  EXPECT_GE(arrived, 1U);
}

INSTANTIATE_TEST_SUITE_P(Ways, BrokenRingTest,
                         ::testing::Values(Damage{"UnknownType", kHeader + 4, 9, 2},
                                           Damage{"TypeZero", kHeader + 4, 0, 2},
                                           Damage{"ReservedSet", kHeader + 6, 1, 2},
                                           Damage{"HugeLength", kHeader, 0xffffffff, 4},
                                           Damage{"LengthOverTheHead", kHeader, 100, 4},
                                           Damage{"HeadFarAhead", kHeadOffset,
                                                  std::uint64_t{1} << 40, 8},
                                           Damage{"HeadOdd", kHeadOffset, 13, 8},
                                           Damage{"HeadBehind", kHeadOffset, ~std::uint64_t{7}, 8}),
                         [](const auto& info) { return info.param.name; });

TEST(RingTest, RecordsInFrontOfTheDamageAreStillDelivered) {
  Ends ring = NewRing();
  RawRing raw(ring.fd.get());
  ASSERT_TRUE(ring.writer.Write(RecordType::kCall, AsBytes("12345678")));
  ASSERT_TRUE(ring.writer.Write(RecordType::kCall, AsBytes("damaged")));
  raw.Put<std::uint16_t>(kHeader + 16 + 4, 99);
  const auto records = ring.reader.Read();
  ASSERT_TRUE(records);
  ASSERT_EQ(records->size(), 1U);
  EXPECT_FALSE(ring.reader.Read());
}

TEST(RingTest, RandomDamageNeverLeavesTheMapping) {  // the sanitizer and the kernel watch
  Ends ring = NewRing();
  RawRing raw(ring.fd.get());
  SeededRandom random(42);
  std::size_t broken = 0;
  for (int round = 0; round < 20'000; ++round) {
    for (int i = 0; i < 3; ++i) {
      static_cast<void>(
          ring.writer.Write(RecordType::kCall, AsBytes(std::string(random.Below(600), 'x'))));
    }
    switch (random.Below(4)) {
      case 0:
        raw.Put<std::uint64_t>(kHeadOffset, random.Next());
        break;
      case 1:
        raw.Put<std::uint64_t>(kHeadOffset, random.Below(2 * kCapacity) & ~std::uint64_t{7});
        break;
      case 2:
        raw.Put<std::uint64_t>(kTailOffset, random.Next());
        break;
      default:
        random.Fill(raw.bytes().subspan(kHeader + random.Below(kCapacity - 64), 64));
    }
    if (!ring.reader.Read()) ++broken;
    ring.reader.Commit();
    if (round % 100 == 0) {  // a manager restarts
      auto reader = RingReader::Open(ring.fd.get());
      ASSERT_TRUE(reader);
      ring.reader = std::move(*reader);
    }
  }
  EXPECT_GT(broken, 1000U);
}

TEST(RingTest, OnlyASealedFileOfTheRightSizeIsARing) {
  const auto refuses = [](const Fd& fd) {
    const auto reader = RingReader::Open(fd.get());
    return !reader && reader.error().code == Errc::kInvalidArgument;
  };
  EXPECT_TRUE(refuses(Fd(::open("/dev/null", O_RDWR | O_CLOEXEC))));
  Fd unsealed(::memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ASSERT_EQ(::ftruncate(unsealed.get(), kHeader + kCapacity), 0);
  EXPECT_TRUE(refuses(unsealed)) << "its owner could shrink it under our feet";
  Fd odd(::memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ASSERT_EQ(::ftruncate(odd.get(), kHeader + kCapacity + 8), 0);
  ASSERT_EQ(::fcntl(odd.get(), F_ADD_SEALS, F_SEAL_SHRINK), 0);
  EXPECT_TRUE(refuses(odd));
  EXPECT_FALSE(MakeRing(Bytes::MiB(4096)));
}

TEST(RingTest, TheFileCannotBeTruncatedByTheProducer) {
  const Ends ring = NewRing();
  EXPECT_NE(::ftruncate(ring.fd.get(), 0), 0);
  EXPECT_NE(::fcntl(ring.fd.get(), F_ADD_SEALS, F_SEAL_WRITE), 0);
}

}  // namespace
}  // namespace strata::telemetry
