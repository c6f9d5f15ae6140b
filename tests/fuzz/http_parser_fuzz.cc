// tests/fuzz/http_parser_fuzz.cc - any bytes as a request's head. The first byte chooses how the
// rest is cut into arrivals; whatever the cut, the outcome must be the same, and an accepted head
// must keep the promises of http/message.h and parser.h.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "http/parse/ascii.h"
#include "http/parse/parser.h"

namespace strata::http {
namespace {

using Step = RequestParser::Step;

bool Inside(std::string_view part, std::string_view whole) {
  return part.empty() || part == "/" || part == "http" ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void CheckPromises(const RequestParser& parser, std::string_view message) {
  const RequestHead& head = parser.head();
  STRATA_CHECK(parser.size() <= message.size());
  STRATA_CHECK(message.substr(0, parser.size()).ends_with("\r\n\r\n"));
  STRATA_CHECK(IsToken(head.method));
  STRATA_CHECK(head.target == "*" || head.target.starts_with('/'));
  STRATA_CHECK(head.target.starts_with(head.path));
  STRATA_CHECK(!(parser.framing().chunked && head.content_length.has_value()));
  STRATA_CHECK(head.headers.size() <= HeadLimits{}.fields);
  for (const std::string_view part : {head.method, head.target, head.path, head.query, head.host}) {
    STRATA_CHECK(Inside(part, message));
    STRATA_CHECK(part.find_first_of("\r\n ") == std::string_view::npos);
  }
  for (const Header& header : head.headers) {
    STRATA_CHECK(IsToken(header.name));
    STRATA_CHECK(IsFieldText(header.value));
    STRATA_CHECK(TrimSpace(header.value) == header.value);
  }
}

void Run(std::string_view input) {
  if (input.empty()) return;
  const std::size_t piece = 1 + static_cast<std::uint8_t>(input.front()) % 64;
  const std::string_view message = input.substr(1);

  RequestParser whole{HeadLimits{}};
  const Step expected = whole.Feed(message);
  RequestParser cut{HeadLimits{}};
  Step step = cut.Feed({});
  for (std::size_t end = 0; step == Step::kNeedMore && end < message.size();) {
    end = std::min(end + piece, message.size());
    step = cut.Feed(message.substr(0, end));
  }
  STRATA_CHECK(step == expected);
  if (step == Step::kRejected) {
    STRATA_CHECK(whole.rejection().status >= 400 && whole.rejection().status < 600);
    STRATA_CHECK(!whole.rejection().detail.empty());
  }
  if (step == Step::kComplete) CheckPromises(cut, message);
}

}  // namespace
}  // namespace strata::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  strata::http::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
