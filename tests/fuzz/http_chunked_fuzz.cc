// tests/fuzz/http_chunked_fuzz.cc - any bytes as a chunked body. However it is cut, the decoder
// gives the same data and stops at the same byte; and what it accepts, a re-encoding of the data
// decodes to the same again.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "http/parse/chunked.h"

namespace strata::http {
namespace {

struct Outcome {
  std::string data;
  std::size_t consumed = 0;
  bool done = false;
  bool rejected = false;
};

Outcome Decode(std::string_view in, std::size_t piece, std::size_t room) {
  ChunkDecoder decoder;
  Outcome out;
  std::string buffer(room, '\0');
  while (out.consumed < in.size() && !decoder.done()) {
    const auto step =
        decoder.Decode(in.substr(out.consumed, piece), std::as_writable_bytes(std::span(buffer)));
    if (!step) {
      out.rejected = true;
      return out;
    }
    STRATA_CHECK(step->consumed != 0);
    out.consumed += step->consumed;
    out.data.append(buffer, 0, step->produced);
  }
  out.done = decoder.done();
  return out;
}

void Run(std::string_view input) {
  if (input.empty()) return;
  const std::size_t piece = 1 + static_cast<std::uint8_t>(input.front()) % 16;
  const std::string_view body = input.substr(1);
  const Outcome whole = Decode(body, body.size(), body.size() + 1);
  const Outcome cut = Decode(body, piece, 1 + piece / 2);
  STRATA_CHECK(whole.rejected == cut.rejected);
  if (whole.rejected) return;
  STRATA_CHECK(whole.data == cut.data && whole.consumed == cut.consumed && whole.done == cut.done);
  if (!whole.done) return;
  std::string again;
  if (!whole.data.empty()) {
    again = std::string(ChunkFrame(whole.data.size()).text()) + whole.data + std::string(kChunkEnd);
  }
  again += kLastChunk;
  const Outcome decoded = Decode(again, piece, 7);
  STRATA_CHECK(decoded.done && decoded.consumed == again.size() && decoded.data == whole.data);
}

}  // namespace
}  // namespace strata::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  strata::http::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
