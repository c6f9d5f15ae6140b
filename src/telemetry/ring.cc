#include "telemetry/ring.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>
#include <string>

namespace strata::telemetry {

// The first page of the file. Positions count bytes since MakeRing and never wrap (64 bits at
// 10 GB/s last 58 years); a position's place in the area is its remainder by the capacity.
struct RingMemory::Header {
  std::uint64_t magic;
  std::uint64_t capacity;
  alignas(64) std::atomic<std::uint64_t> head;  // the producer's
  std::array<std::atomic<std::uint64_t>, kRecordTypes> dropped;
  alignas(64) std::atomic<std::uint64_t> tail;  // the consumer's
  std::atomic<std::uint64_t> handled;           // too; nothing in rings of older cells
};

namespace {

using Header = RingMemory::Header;
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

constexpr std::uint64_t kMagic = 0x31'67'6e'69'72'74'73'2eULL;  // ".string1"
constexpr std::uint64_t kHeaderSize = 4096;
constexpr std::uint64_t kMinCapacity = Bytes::KiB(256).count;
constexpr std::uint64_t kMaxCapacity = Bytes::MiB(1024).count;
static_assert(sizeof(Header) <= kHeaderSize);
static_assert(kMaxRecord.count + sizeof(std::uint64_t) <= kMinCapacity);

struct RecordHead {
  std::uint32_t length;
  std::uint16_t type;
  std::uint16_t zero;
};
static_assert(sizeof(RecordHead) == 8);

constexpr std::uint64_t RecordSize(std::uint64_t payload) {
  return sizeof(RecordHead) + ((payload + 7) & ~std::uint64_t{7});
}

bool IsKnown(std::uint16_t type) { return type >= 1 && type < kRecordTypes; }

std::unexpected<Error> Broken(const std::string& what) {
  return Fail(Errc::kInvalidArgument, "broken ring: " + what);
}

// The size of the records' area, from the file itself: what the header says is only compared.
Result<std::uint64_t> CheckedCapacity(int fd) {
  const int seals = ::fcntl(fd, F_GET_SEALS);
  if (seals < 0 || (seals & F_SEAL_SHRINK) == 0) {
    return Fail(Errc::kInvalidArgument, "not a ring: the file is not sealed against shrinking");
  }
  struct stat status = {};
  if (::fstat(fd, &status) != 0) return FailErrno("stat ring", errno);
  const auto size = static_cast<std::uint64_t>(status.st_size);
  const std::uint64_t capacity = size < kHeaderSize ? 0 : size - kHeaderSize;
  if (!std::has_single_bit(capacity) || capacity < kMinCapacity || capacity > kMaxCapacity) {
    return Fail(Errc::kInvalidArgument, "not a ring: " + std::to_string(size) + " bytes");
  }
  return capacity;
}

// Maps header and area at `base` and the area once more behind them; false sets errno.
bool MapAll(std::byte* base, int fd, std::uint64_t capacity) {
  constexpr int kProtection = PROT_READ | PROT_WRITE;
  constexpr int kFlags = MAP_SHARED | MAP_FIXED;
  if (::mmap(base, kHeaderSize + capacity, kProtection, kFlags, fd, 0) == MAP_FAILED) return false;
  return ::mmap(base + kHeaderSize + capacity, capacity, kProtection, kFlags, fd, kHeaderSize) !=
         MAP_FAILED;
}

}  // namespace

Result<Fd> MakeRing(Bytes capacity) {
  if (capacity.count > kMaxCapacity) {
    return Fail(Errc::kInvalidArgument, "a ring holds at most 1 GiB");
  }
  const std::uint64_t area = std::bit_ceil(std::max(capacity.count, kMinCapacity));
  Fd fd(::memfd_create("strata-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd.valid()) return FailErrno("memfd_create", errno);
  if (::ftruncate(fd.get(), static_cast<off_t>(kHeaderSize + area)) != 0) {
    return FailErrno("size ring", errno);
  }
  if (::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return FailErrno("seal ring", errno);
  }
  auto memory = RingMemory::Map(fd.get());
  if (!memory) return std::unexpected(std::move(memory).error());
  memory->header().magic = kMagic;
  memory->header().capacity = area;
  return fd;
}

Result<RingMemory> RingMemory::Map(int fd) {
  auto capacity = CheckedCapacity(fd);
  if (!capacity) return std::unexpected(std::move(capacity).error());
  // Reserved first, so that the two fixed mappings cannot hit anything else.
  const std::uint64_t size = kHeaderSize + 2 * *capacity;
  void* reserved = ::mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (reserved == MAP_FAILED) return FailErrno("reserve ring", errno);
  auto* base = static_cast<std::byte*>(reserved);
  if (!MapAll(base, fd, *capacity)) {
    const int err = errno;
    ::munmap(reserved, size);
    return FailErrno("map ring", err);
  }
  return RingMemory(base, *capacity);
}

RingMemory& RingMemory::operator=(RingMemory&& other) noexcept {
  std::swap(base_, other.base_);
  std::swap(capacity_, other.capacity_);
  return *this;
}

RingMemory::~RingMemory() {
  if (base_ != nullptr) ::munmap(base_, kHeaderSize + 2 * capacity_);
}

RingMemory::Header& RingMemory::header() const noexcept {
  return *reinterpret_cast<Header*>(base_);
}

std::byte* RingMemory::at(std::uint64_t position) const noexcept {
  return base_ + kHeaderSize + (position & (capacity_ - 1));
}

Result<RingWriter> RingWriter::Open(int fd) {
  auto memory = RingMemory::Map(fd);
  if (!memory) return std::unexpected(std::move(memory).error());
  const Header& header = memory->header();
  if (header.magic != kMagic || header.capacity != memory->capacity()) {
    return Broken("bad header");
  }
  const std::uint64_t head = header.head.load(std::memory_order_relaxed);
  return RingWriter(std::move(*memory), head);
}

bool RingWriter::HasRoom(RecordType type, std::size_t payload) noexcept {
  const std::uint64_t capacity = memory_.capacity();
  // Acquire: the consumer is done with the bytes that it frees.
  const std::uint64_t tail = memory_.header().tail.load(std::memory_order_acquire);
  // Only after damage: the consumer gave the ring up and waits at another place, so go on there.
  if (head_ - tail > capacity) head_ = tail;
  const std::uint64_t used = head_ - tail;
  const std::uint64_t usable = IsDroppable(type) ? capacity / 4 * 3 : capacity;
  return used <= usable && RecordSize(payload) <= usable - used;
}

Result<void> RingWriter::Write(RecordType type, ByteView payload) {
  if (payload.size() > kMaxRecord.count) {
    return Fail(Errc::kInvalidArgument, "a ring record has at most 64 KiB");
  }
  if (!HasRoom(type, payload.size())) {
    if (!IsDroppable(type)) {
      return Fail(Errc::kResourceExhausted, "the ring to the manager is full");
    }
    CountLost(type);
    return {};
  }
  const RecordHead record = {.length = static_cast<std::uint32_t>(payload.size()),
                             .type = static_cast<std::uint16_t>(type),
                             .zero = 0};
  std::byte* to = memory_.at(head_);
  std::memcpy(to, &record, sizeof(record));
  if (!payload.empty()) std::memcpy(to + sizeof(record), payload.data(), payload.size());
  head_ += RecordSize(payload.size());
  memory_.header().head.store(head_, std::memory_order_release);  // from here on the record exists
  return {};
}

void RingWriter::CountLost(RecordType type) noexcept {
  memory_.header().dropped[static_cast<std::size_t>(type)].fetch_add(1, std::memory_order_relaxed);
}

std::uint64_t RingWriter::dropped() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& count : memory_.header().dropped) sum += count.load(std::memory_order_relaxed);
  return sum;
}

std::uint64_t RingWriter::freed() const noexcept {
  return memory_.header().tail.load(std::memory_order_acquire);
}

Result<RingReader> RingReader::Open(int fd) {
  auto memory = RingMemory::Map(fd);
  if (!memory) return std::unexpected(std::move(memory).error());
  const std::uint64_t tail = memory->header().tail.load(std::memory_order_relaxed);
  return RingReader(std::move(*memory), tail);
}

Result<std::vector<Record>> RingReader::Read(Bytes limit) {
  const std::uint64_t head = memory_.header().head.load(std::memory_order_acquire);
  std::vector<Record> records;
  std::uint64_t taken = 0;
  while (position_ != head && (records.empty() || taken < limit.count)) {
    auto record = ReadOne(head);
    if (!record) {
      if (!records.empty()) break;  // these are whole; the next Read reports what follows
      position_ = head;
      Commit();
      return std::unexpected(std::move(record).error());
    }
    taken += record->payload.size();
    position_ += RecordSize(record->payload.size());
    records.push_back(std::move(*record));
  }
  return records;
}

// The record at position_. Its head is copied before it is checked, because the producer may change
// the memory at any time. A copy never leaves the mapping: positions are taken modulo the capacity,
// the area is mapped twice, and a record is at most a quarter of it.
Result<Record> RingReader::ReadOne(std::uint64_t head) const {
  const std::uint64_t unread = head - position_;
  if (unread > memory_.capacity() || unread % 8 != 0) return Broken("impossible position");
  RecordHead record;
  std::memcpy(&record, memory_.at(position_), sizeof(record));
  if (!IsKnown(record.type) || record.zero != 0) return Broken("unknown record type");
  if (record.length > kMaxRecord.count) return Broken("record too long");
  if (RecordSize(record.length) > unread) return Broken("record behind the end");
  const auto* payload = reinterpret_cast<const char*>(memory_.at(position_) + sizeof(record));
  return Record{.type = static_cast<RecordType>(record.type),
                .position = position_,
                .payload = std::string(payload, record.length)};
}

std::uint64_t RingReader::written() const noexcept {
  return memory_.header().head.load(std::memory_order_acquire);
}

void RingReader::Commit() noexcept {
  committed_ = position_;
  memory_.header().tail.store(position_, std::memory_order_release);
}

void RingReader::NoteHandled() noexcept {
  memory_.header().handled.store(position_, std::memory_order_relaxed);
}

std::uint64_t RingReader::handled() const noexcept {
  return memory_.header().handled.load(std::memory_order_relaxed);
}

bool RingReader::holds_much() const noexcept {
  // Well before three quarters, where lines and spans would be dropped.
  return position_ - committed_ > memory_.capacity() / 4;
}

Result<void> RingReader::SkipTo(std::uint64_t position) {
  const std::uint64_t head = memory_.header().head.load(std::memory_order_acquire);
  const std::uint64_t unread = head - position_;
  if (unread > memory_.capacity() || position - position_ > unread) {
    return Fail(Errc::kInvalidArgument,
                "position " + std::to_string(position) + " is not in the ring");
  }
  position_ = position;
  Commit();
  return {};
}

std::uint64_t RingReader::dropped(RecordType type) const noexcept {
  return memory_.header().dropped[static_cast<std::size_t>(type)].load(std::memory_order_relaxed);
}

}  // namespace strata::telemetry
