#include "http/parse/chunked.h"

#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace strata::http {
namespace {

struct Outcome {
  std::string data;
  std::size_t consumed = 0;
  bool done = false;
  bool rejected = false;
};

// Decodes `in` in pieces of `piece` bytes into spans of `room` bytes.
Outcome Decode(std::string_view in, std::size_t piece, std::size_t room) {
  ChunkDecoder decoder;
  Outcome out;
  std::string buffer(room, '\0');
  while (out.consumed < in.size() && !decoder.done()) {
    auto step =
        decoder.Decode(in.substr(out.consumed, piece), std::as_writable_bytes(std::span(buffer)));
    if (!step) {
      out.rejected = true;
      return out;
    }
    out.consumed += step->consumed;
    out.data.append(buffer, 0, step->produced);
  }
  out.done = decoder.done();
  return out;
}

TEST(ChunkedTest, DecodesHoweverItIsCut) {
  const std::string body =
      "3\r\nabc\r\n0A;ext=\"v\"\r\n0123456789\r\n1\r\n\n\r\n0\r\nTrailer: yes\r\nB:\r\n\r\n";
  for (std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{5}, body.size()}) {
    for (std::size_t room : {std::size_t{1}, std::size_t{3}, std::size_t{100}}) {
      const Outcome out = Decode(body + "GET /next", piece, room);
      EXPECT_FALSE(out.rejected);
      EXPECT_TRUE(out.done);
      EXPECT_EQ(out.data, "abc0123456789\n");
      EXPECT_EQ(out.consumed, body.size()) << "the next message is left alone";
    }
  }
}

TEST(ChunkedTest, AnUnfinishedBodyIsNotDone) {
  const std::string body = "3\r\nabc\r\n0\r\n\r\n";
  for (std::size_t size = 0; size < body.size(); ++size) {
    const Outcome out = Decode(std::string_view(body).substr(0, size), 1, 10);
    EXPECT_FALSE(out.rejected) << size;
    EXPECT_FALSE(out.done) << size;
  }
}

TEST(ChunkedTest, BadFramingIsRejectedHoweverItIsCut) {
  for (const char* bad : {"g\r\n", "\r\n", " 1\r\na", "1 \r\na", "1\na", "1;\x01\r\na", "1\r\nab",
                          "1\r\na\n", "1\r\na\rx", "0\r\n \r\n", "0\r\nA\r\n", "0\r\n\n",
                          "0\r\nA: 1\n", "0\r\n\rx", "1000000000000000\r\n", "-1\r\n", "0x1\r\n"}) {
    EXPECT_TRUE(Decode(bad, 1, 10).rejected) << bad;
    EXPECT_TRUE(Decode(bad, 100, 10).rejected) << bad;
  }
}

TEST(ChunkedTest, AFrameIsWhatTheDecoderReads) {
  EXPECT_EQ(ChunkFrame(1).text(), "1\r\n");
  EXPECT_EQ(ChunkFrame(0xABCDEF).text(), "abcdef\r\n");
  EXPECT_EQ(ChunkFrame(~std::size_t{0}).text(), "ffffffffffffffff\r\n");
}

}  // namespace
}  // namespace strata::http
