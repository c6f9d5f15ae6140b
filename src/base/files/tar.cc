#include "base/files/tar.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace strata::tar {
namespace {

// POSIX.1-1988 ustar: where a header's fields are.
struct Field {
  std::size_t at;
  std::size_t size;
};
constexpr Field kName{0, 100};
constexpr Field kMode{100, 8};
constexpr Field kUid{108, 8};
constexpr Field kGid{116, 8};
constexpr Field kSize{124, 12};
constexpr Field kTime{136, 12};
constexpr Field kSum{148, 8};
constexpr std::size_t kType = 156;
constexpr Field kMagic{257, 8};
constexpr Field kPrefix{345, 155};

constexpr std::string_view kUstar("ustar\00000", 8);
constexpr char kFile = '0';
constexpr char kDirectory = '5';
constexpr char kLongName = 'L';  // GNU: the content is the next entry's name
constexpr mode_t kPermissions = 0777;

std::unexpected<Error> Damaged(const std::string& why) {
  return Fail(Errc::kInvalidArgument, "the archive is damaged: " + why);
}

void PutNumber(std::string& block, Field field, std::uint64_t value) {
  std::array<char, 24> digits{};
  std::snprintf(digits.data(), digits.size(), "%0*llo", static_cast<int>(field.size - 1),
                static_cast<unsigned long long>(value));
  block.replace(field.at, field.size - 1, digits.data(), field.size - 1);
}

// Of the header, its own field taken as blanks.
std::uint64_t SumOf(std::string_view block) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < block.size(); ++i) {
    const bool own = i >= kSum.at && i < kSum.at + kSum.size;
    sum += own ? ' ' : static_cast<unsigned char>(block[i]);
  }
  return sum;
}

std::string Block(std::string_view name, char type, mode_t mode, std::uint64_t size) {
  std::string block(kBlock, '\0');
  block.replace(kName.at, name.size(), name);
  PutNumber(block, kMode, mode & kPermissions);
  PutNumber(block, kUid, 0);
  PutNumber(block, kGid, 0);
  PutNumber(block, kSize, size);
  PutNumber(block, kTime, 0);
  block[kType] = type;
  block.replace(kMagic.at, kMagic.size, kUstar);
  PutNumber(block, kSum, SumOf(block));
  return block;
}

std::string_view In(std::string_view block, Field field) {
  return block.substr(field.at, field.size);
}

std::string_view TextIn(std::string_view block, Field field) {
  const std::string_view text = In(block, field);
  return text.substr(0, text.find('\0'));
}

// Octal digits, then blanks or zero bytes.
Result<std::uint64_t> NumberIn(std::string_view block, Field field) {
  const std::string_view text = In(block, field);
  const std::size_t digits = std::min(text.find_first_not_of("01234567"), text.size());
  if (digits == 0 || text.find_first_not_of(std::string_view(" \0", 2), digits) != text.npos) {
    return Damaged("a number is none");
  }
  std::uint64_t value = 0;  // at most twelve digits: they fit
  for (const char digit : text.substr(0, digits)) {
    value = value * 8 + static_cast<std::uint64_t>(digit - '0');
  }
  return value;
}

// Relative, and nothing in it leads anywhere else; "." is the root.
Result<std::string> PlainPath(std::string_view name) {
  if (name == "." || name == "./") return std::string();
  const auto refuse = [name] {
    return Fail(Errc::kInvalidArgument,
                "the archive's name '" + std::string(name) + "' leads out of it");
  };
  std::string_view rest = name.ends_with('/') ? name.substr(0, name.size() - 1) : name;
  std::string plain(rest);
  while (true) {
    const std::size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    if (part.empty() || part == "." || part == ".." || part.contains('\0')) return refuse();
    if (slash == std::string_view::npos) return plain;
    rest.remove_prefix(slash + 1);
  }
}

}  // namespace

std::string Header(const Entry& entry) {
  std::string name = entry.path.empty() ? "." : entry.path;
  if (entry.is_directory) name += '/';
  std::string header;
  if (name.size() > kName.size) {
    header = Block("././@LongLink", kLongName, 0, name.size() + 1) + name + '\0' +
             Padding(name.size() + 1);
    name.resize(kName.size);
  }
  return header + Block(name, entry.is_directory ? kDirectory : kFile, entry.mode, entry.size);
}

std::string Padding(std::uint64_t size) {
  return std::string((kBlock - size % kBlock) % kBlock, 0);
}

std::string End() { return std::string(2 * kBlock, '\0'); }

Result<void> Reader::Take(std::string_view bytes) {
  while (!bytes.empty()) {
    if (left_ > 0) {
      const std::string_view part = bytes.substr(0, left_);
      bytes.remove_prefix(part.size());
      left_ -= part.size();
      if (auto taken = TakeContent(part); !taken) return taken;
    } else if (padding_ > 0) {
      const std::size_t skipped = std::min<std::uint64_t>(padding_, bytes.size());
      bytes.remove_prefix(skipped);
      padding_ -= skipped;
    } else {
      const std::string_view part = bytes.substr(0, kBlock - block_.size());
      bytes.remove_prefix(part.size());
      block_ += part;
      if (block_.size() < kBlock) return {};
      if (auto taken = TakeHeader(); !taken) return taken;
      block_.clear();
    }
  }
  return {};
}

Result<void> Reader::Finish() const {
  if (blanks_ > 0 && block_.empty()) return {};
  return Damaged("it ends too soon");
}

Result<void> Reader::TakeContent(std::string_view bytes) {
  if (!in_long_name_) return sink_.OnContent(bytes);
  long_name_ += bytes;
  if (left_ > 0) return {};
  in_long_name_ = false;
  if (long_name_.ends_with('\0')) long_name_.pop_back();
  return {};
}

Result<void> Reader::TakeHeader() {
  if (block_.find_first_not_of('\0') == std::string::npos) {
    if (++blanks_ > kMostBlanks) return Damaged("too much follows its end");
    return {};
  }
  if (blanks_ > 0) return Damaged("something follows its end");
  const auto sum = NumberIn(block_, kSum);
  if (!sum || *sum != SumOf(block_)) return Damaged("the checksum of a header is wrong");
  if (!In(block_, kMagic).starts_with("ustar")) return Damaged("a header is not ustar's");
  if (block_[kPrefix.at] != '\0') return Damaged("a name is in two parts");
  const auto size = NumberIn(block_, kSize);
  if (!size) return std::unexpected(size.error());
  const auto mode = NumberIn(block_, kMode);
  if (!mode) return std::unexpected(mode.error());
  left_ = *size;
  padding_ = Padding(*size).size();

  const char type = block_[kType];
  if (type == kLongName) {
    if (!long_name_.empty() || left_ == 0 || left_ > kLongestPath + 2) {
      return Damaged("a long name is none");
    }
    in_long_name_ = true;
    return {};
  }
  const std::string name =
      long_name_.empty() ? std::string(TextIn(block_, kName)) : std::exchange(long_name_, "");
  if (type != kFile && type != kDirectory) {
    return Fail(Errc::kInvalidArgument,
                "'" + name + "' in the archive is neither a file nor a directory");
  }
  auto path = PlainPath(name);
  if (!path) return std::unexpected(std::move(path).error());
  return Begin({.path = std::move(*path),
                .is_directory = type == kDirectory,
                .mode = static_cast<mode_t>(*mode & kPermissions),
                .size = *size});
}

Result<void> Reader::Begin(Entry entry) {
  if (entry.is_directory ? entry.size > 0 : entry.path.empty()) {
    return Damaged("a directory has content");
  }
  if (++entries_ > limits_.entries) {
    return Fail(Errc::kResourceExhausted,
                "the archive has more than " + std::to_string(limits_.entries) + " entries");
  }
  content_ += entry.size;  // each is less than 2^36: this cannot turn over
  if (content_ > limits_.content.count) {
    return Fail(Errc::kResourceExhausted, "the archive's files are larger than " +
                                              std::to_string(limits_.content.count) + " bytes");
  }
  return sink_.OnEntry(entry);
}

}  // namespace strata::tar
