#include "http/parse/response_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>

#include "http/parse/ascii.h"
#include "http/parse/connection_fields.h"
#include "http/parse/head_only_parser.h"

namespace strata::http {
namespace {

namespace beast = boost::beast;
using ErrorCode = beast::error_code;

class BeastHead final : public HeadOnlyParser<false> {
 public:
  BeastHead(ParsedResponse& out, std::size_t limit) : HeadOnlyParser(limit), out_(out) {}

  std::string coding, length;
  int codings = 0, lengths = 0;
  bool http10 = false, close = false, keep_alive = false;

 private:
  void on_response_impl(int status, beast::string_view, int version, ErrorCode&) override {
    out_.status = static_cast<std::uint16_t>(status);
    http10 = version == 10;
  }

  void on_field_impl(beast::http::field field, beast::string_view name, beast::string_view value,
                     ErrorCode&) override {
    out_.headers.emplace_back(std::string(name), std::string(value));
    if (field == beast::http::field::transfer_encoding) {
      coding = std::string(value);
      ++codings;
    } else if (field == beast::http::field::content_length) {
      length = std::string(value);
      ++lengths;
    } else if (field == beast::http::field::connection) {
      const std::string_view wish(value.data(), value.size());
      close |= IsNamedIn(wish, "close");
      keep_alive |= IsNamedIn(wish, "keep-alive");
    }
  }

  ParsedResponse& out_;
};

Result<void> ChooseBody(const BeastHead& seen, std::string_view method, ParsedResponse& out) {
  if (seen.codings + seen.lengths > 1) {
    return Fail(Errc::kInvalidArgument, "the response's framing is ambiguous");
  }
  if (seen.codings == 1 && seen.http10) {
    return Fail(Errc::kInvalidArgument, "the response has a Transfer-Encoding in HTTP/1.0");
  }
  out.keep_alive = !seen.close && (!seen.http10 || seen.keep_alive);
  const bool bodiless =
      method == "HEAD" || out.status < 200 || out.status == 204 || out.status == 304;
  if (bodiless) return {};
  if (seen.codings == 1) {
    if (!EqualsIgnoreCase(seen.coding, "chunked")) {
      return Fail(Errc::kInvalidArgument, "the response's Transfer-Encoding is " + seen.coding);
    }
    out.body = BodyEnd::kChunked;
  } else if (seen.lengths == 1) {
    const auto length = ParseContentLength(seen.length);
    if (!length) {
      return Fail(Errc::kInvalidArgument, "the response's Content-Length is not a number");
    }
    out.length = *length;
    out.body = BodyEnd::kLength;
  } else {
    out.body = BodyEnd::kClose;
    out.keep_alive = false;
  }
  return {};
}

}  // namespace

Result<ParsedResponse> ParseResponseHead(std::string_view block, std::string_view method) {
  ParsedResponse out;
  BeastHead parser(out, block.size() + 1);
  ErrorCode error;
  parser.put(boost::asio::const_buffer(block.data(), block.size()), error);
  if (error) {
    return Fail(Errc::kInvalidArgument, "the response's head is malformed: " + error.message());
  }
  if (auto chosen = ChooseBody(parser, method, out); !chosen) {
    return std::unexpected(std::move(chosen).error());
  }
  return out;
}

}  // namespace strata::http
