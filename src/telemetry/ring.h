// telemetry/ring.h - the shared-memory ring through which everything leaves a cell.
//
//   cell: RingWriter --> memfd [ header | records ... ] --> RingReader: stratad
//
// One producer, one consumer, no lock, no system call. A record is {u32 length, u16 type, payload},
// 8-byte aligned; it exists once the producer has stored the new head (release), so kill -9 of
// either side leaves whole records only. The consumer's position moves at Commit(), after it has
// persisted what it read: a killed consumer reads the same records again, and tells them apart by
// their position, which only ever grows.
//
// There is no wake-up: the consumer polls every few milliseconds. That costs less than a system
// call per record, and nothing waits for a log line.
//
// The producer is NOT trusted. The reader believes only the size of the file, which is sealed
// against shrinking; every position, length and type is checked, and payloads are copied before
// they are looked at. A broken ring is reported and skipped to its end. What a hostile producer can
// still do is lie in its own records, or rewind the consumer position that a restarted manager
// finds: keep that one durably (SkipTo) where replays matter.
//
// Full: log and span records are dropped and counted once three quarters are taken; call and audit
// records may use the rest and then fail with kResourceExhausted, so that work is pushed back
// instead of going unmetered.
//
// Threads: one writer, one reader, each on one thread, in any two processes. Lifetime: both keep
// the memory alive. Tested by telemetry/ring_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/files/fd.h"
#include "base/result.h"
#include "base/text/byte_view.h"

namespace strata::telemetry {

// Values are part of the format: a manager reads rings of older cells.
enum class RecordType : std::uint16_t {
  kCall = 1,    // a meter::CallRecord
  kLog = 2,     // UTF-8 text; droppable
  kSpan = 3,    // SpanToJson's text; droppable
  kAudit = 4,   // UTF-8 text
  kMirror = 5,  // a meter::MirrorRecord; droppable
};
inline constexpr std::size_t kRecordTypes = 6;  // one more than the highest value

[[nodiscard]] constexpr bool IsDroppable(RecordType type) noexcept {
  return type == RecordType::kLog || type == RecordType::kSpan || type == RecordType::kMirror;
}

inline constexpr Bytes kMaxRecord = 64_KiB;  // payload

// A new ring for records of `capacity` together (rounded up to a power of two, at least 256 KiB).
// The descriptor is given to both sides.
Result<Fd> MakeRing(Bytes capacity);

// The mapped file: header page, then the records' area twice in a row, so that a record that wraps
// around is contiguous in memory. Move-only.
class RingMemory {
 public:
  // kInvalidArgument: `fd` is no ring that MakeRing made.
  static Result<RingMemory> Map(int fd);
  RingMemory(RingMemory&& other) noexcept
      : base_(std::exchange(other.base_, nullptr)), capacity_(other.capacity_) {}
  RingMemory& operator=(RingMemory&& other) noexcept;
  ~RingMemory();

  struct Header;
  [[nodiscard]] Header& header() const noexcept;
  [[nodiscard]] std::byte* at(std::uint64_t position) const noexcept;
  [[nodiscard]] std::uint64_t capacity() const noexcept { return capacity_; }

 private:
  RingMemory(std::byte* base, std::uint64_t capacity) : base_(base), capacity_(capacity) {}
  std::byte* base_;
  std::uint64_t capacity_;  // a power of two
};

class RingWriter {
 public:
  // Goes on where the ring's last writer stopped. `fd` may be closed afterwards.
  static Result<RingWriter> Open(int fd);

  // Adds one record. Succeeds also when a droppable one was dropped. kResourceExhausted: full;
  // kInvalidArgument: longer than kMaxRecord.
  Result<void> Write(RecordType type, ByteView payload);

  // Whether Write would take such a record now.
  [[nodiscard]] bool HasRoom(RecordType type, std::size_t payload) noexcept;

  // Counts a record that was refused and is not tried again.
  void CountLost(RecordType type) noexcept;

  [[nodiscard]] std::uint64_t dropped() const noexcept;  // dropped and lost, since MakeRing

  // Behind the last record, and up to where the consumer has freed what it read.
  [[nodiscard]] std::uint64_t written() const noexcept { return head_; }
  [[nodiscard]] std::uint64_t freed() const noexcept;

 private:
  RingWriter(RingMemory memory, std::uint64_t head) : memory_(std::move(memory)), head_(head) {}
  RingMemory memory_;
  std::uint64_t head_;  // our own copy: nobody else may move it
};

struct Record {
  RecordType type = RecordType::kCall;
  std::uint64_t position = 0;  // unique in this ring and growing
  std::string payload;
};

class RingReader {
 public:
  // Goes on at the last committed position. `fd` may be closed afterwards.
  static Result<RingReader> Open(int fd);

  // Copies out up to `limit` of payload (at least one record if there is one). Reading again
  // without Commit() goes on behind it. kInvalidArgument: the producer broke the ring; everything
  // unread is given up and committed, and the next Read starts at the producer's position.
  Result<std::vector<Record>> Read(Bytes limit = 1_MiB);

  // Frees the space of everything read so far.
  void Commit() noexcept;
  // Notes that everything read so far was written somewhere, though it is not to be freed yet; and
  // what was noted last, by this reader or one that was killed. The producer could change it.
  void NoteHandled() noexcept;
  [[nodiscard]] std::uint64_t handled() const noexcept;
  // Whether so much was read since Commit() that the producer should get room again.
  [[nodiscard]] bool holds_much() const noexcept;

  // Gives up everything before `position`, the end() of a batch that was persisted earlier.
  // kInvalidArgument when it lies outside of what is unread now.
  Result<void> SkipTo(std::uint64_t position);

  [[nodiscard]] std::uint64_t end() const noexcept { return position_; }  // behind the last record
  // Behind the last record that there is by now. The producer's word, which grows while it writes.
  [[nodiscard]] std::uint64_t written() const noexcept;
  // Records that did not fit: droppable ones, and others that their producer gave up. As the
  // producer counts; believe it as far as you believe the producer.
  [[nodiscard]] std::uint64_t dropped(RecordType type) const noexcept;

 private:
  RingReader(RingMemory memory, std::uint64_t position)
      : memory_(std::move(memory)), position_(position), committed_(position) {}
  [[nodiscard]] Result<Record> ReadOne(std::uint64_t head) const;

  RingMemory memory_;
  std::uint64_t position_;
  std::uint64_t committed_;  // our own copy: the producer may move the one in the ring
};

}  // namespace strata::telemetry
