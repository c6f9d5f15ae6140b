// http/parse/head_only_parser.h - Beast's parser over a complete head: it stops where the body
// begins and keeps nothing itself.
//
//   HeadScanner (a whole head) --> [ HeadOnlyParser ] <|-- parser.cc, response_parser.cc
//
// Both of our parsers are one, with what they want of the start line and the fields; the rest of
// Beast's interface never comes here. Internal to this folder.
//
// Threads:  one parser is one head's. Errors: as basic_parser's put() says. Tested by the tests of
//           both parsers, and fuzzed (tests/fuzz/http_parser_fuzz.cc).
#pragma once

#include <cstddef>
#include <cstdint>

#include <boost/beast/http/basic_parser.hpp>

namespace strata::http {

template <bool kIsRequest>
class HeadOnlyParser : public boost::beast::http::basic_parser<kIsRequest> {
 protected:
  using Text = boost::beast::string_view;
  using ErrorCode = boost::beast::error_code;

  // `limit`: more bytes than this are no head.
  explicit HeadOnlyParser(std::size_t limit) {
    this->header_limit(static_cast<std::uint32_t>(limit));
    this->skip(true);
  }

 private:
  void on_request_impl(boost::beast::http::verb, Text, Text, int, ErrorCode&) override {}
  void on_response_impl(int, Text, int, ErrorCode&) override {}
  void on_header_impl(ErrorCode&) override {}
  void on_body_init_impl(boost::optional<std::uint64_t> const&, ErrorCode&) override {}
  std::size_t on_body_impl(Text, ErrorCode&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, Text, ErrorCode&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text, ErrorCode&) override { return 0; }
  void on_finish_impl(ErrorCode&) override {}
};

}  // namespace strata::http
