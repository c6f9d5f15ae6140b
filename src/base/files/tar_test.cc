#include "base/files/tar.h"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace strata::tar {
namespace {

struct Seen {
  Entry entry;
  std::string content;
};

class Collecting final : public Reader::Sink {
 public:
  Result<void> OnEntry(const Entry& entry) override {
    seen.push_back({entry, ""});
    return {};
  }
  Result<void> OnContent(std::string_view bytes) override {
    seen.back().content += bytes;
    return {};
  }
  std::vector<Seen> seen;
};

std::string File(const std::string& path, const std::string& content) {
  return Header({.path = path, .mode = 0640, .size = content.size()}) + content +
         Padding(content.size());
}

// "" or why not; `step` bytes at a time.
std::string Read(std::string_view stream, Collecting& into, std::size_t step = 7,
                 Limits limits = {}) {
  Reader reader(into, limits);
  for (; !stream.empty(); stream.remove_prefix(std::min(step, stream.size()))) {
    if (auto taken = reader.Take(stream.substr(0, step)); !taken) return taken.error().message;
  }
  const auto finished = reader.Finish();
  return finished ? "" : finished.error().message;
}

std::string Refusal(const std::string& stream) {
  Collecting nowhere;
  return Read(stream + End(), nowhere);
}

// A header's type and checksum, changed.
std::string Retyped(std::string header, char type) {
  header[156] = type;
  unsigned sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(header[i]);
  }
  std::snprintf(header.data() + 148, 8, "%07o", sum);
  return header;
}

TEST(TarTest, GivesBackWhatWasWrittenInPiecesOfAnySize) {
  const std::string longer(300, 'n');
  const std::string stream = Header({.is_directory = true, .mode = 0700}) +
                             Header({.path = "d", .is_directory = true, .mode = 0755}) +
                             File("d/" + longer, std::string(1000, 'x')) + File("empty", "") +
                             End();
  for (const std::size_t step : {1, 511, 512, 513, 100'000}) {
    Collecting into;
    ASSERT_EQ(Read(stream, into, step), "") << step;
    ASSERT_EQ(into.seen.size(), 4U);
    EXPECT_EQ(into.seen[0].entry.path, "");
    EXPECT_TRUE(into.seen[1].entry.is_directory);
    EXPECT_EQ(into.seen[1].entry.path, "d");
    EXPECT_EQ(into.seen[2].entry.path, "d/" + longer);
    EXPECT_EQ(into.seen[2].entry.mode, 0640U);
    EXPECT_EQ(into.seen[2].content, std::string(1000, 'x'));
    EXPECT_EQ(into.seen[3].entry.path, "empty");
  }
}

TEST(TarTest, NamesThatLeadOutAreRefused) {
  for (const char* name : {"/etc/passwd", "../x", "a/../b", "a/..", "..", "a//b", "./a", "a/./b"}) {
    EXPECT_NE(Refusal(File(name, "x")).find("leads out of it"), std::string::npos) << name;
  }
  const std::string far = "a/" + std::string(200, 'b') + "/../../x";
  EXPECT_NE(Refusal(File(far, "x")).find("leads out of it"), std::string::npos);
}

TEST(TarTest, LinksAndDevicesAreRefused) {
  const std::string header = Header({.path = "odd"});
  for (const char type : {'1', '2', '3', '4', '6', '7', 'x', 'g', 'K', '\0'}) {
    EXPECT_NE(Refusal(Retyped(header, type)), "") << type;
  }
  EXPECT_EQ(Refusal(Retyped(header, '0')), "");
}

TEST(TarTest, WhatIsDamagedIsRefused) {
  const std::string good = File("f", "content");
  Collecting nowhere;
  EXPECT_NE(Read(good, nowhere), "") << "it has no end";
  EXPECT_NE(Read(good.substr(0, 700), nowhere), "") << "it is cut";
  std::string damaged = good;
  damaged[3] = 'g';
  EXPECT_NE(Refusal(damaged).find("checksum"), std::string::npos);
  EXPECT_NE(Refusal(End() + good).find("follows its end"), std::string::npos);
  const std::string directory = Retyped(Header({.path = "d", .size = 5}), '5');
  EXPECT_NE(Refusal(directory + "12345" + Padding(5)), "");
  EXPECT_NE(Refusal(Retyped(Header({.path = "n", .size = 1 << 20}), 'L')), "") << "a name of 1 MiB";
}

TEST(TarTest, BlanksAfterTheEndAreBounded) {
  Collecting nowhere;
  const std::string record(kMostBlanks * kBlock, '\0');
  EXPECT_EQ(Read(File("f", "content") + record, nowhere), "");
  EXPECT_NE(Read(record + std::string(kBlock, '\0'), nowhere).find("too much follows"),
            std::string::npos);
}

TEST(TarTest, LimitsHold) {
  Collecting into;
  const std::string two = File("a", "123") + File("b", "456") + End();
  EXPECT_EQ(Read(two, into, 512, {.content = Bytes(6), .entries = 2}), "");
  EXPECT_NE(Read(two, into, 512, {.content = Bytes(5), .entries = 2}).find("larger than 5 bytes"),
            std::string::npos);
  EXPECT_NE(Read(two, into, 512, {.content = Bytes(6), .entries = 1}).find("more than 1 entries"),
            std::string::npos);
}

}  // namespace
}  // namespace strata::tar
