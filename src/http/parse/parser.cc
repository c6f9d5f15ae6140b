#include "http/parse/parser.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>

#include "http/parse/ascii.h"
#include "http/parse/connection_fields.h"
#include "http/parse/head_only_parser.h"

namespace strata::http {
namespace {

namespace beast = boost::beast;
using ErrorCode = beast::error_code;

std::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

// host [ ":" port ] as RFC 3986 has it, without user information and percent signs: nothing that
// names a host for us needs them, and other parsers disagree about them. Returns the host.
std::optional<std::string_view> HostOf(std::string_view authority) {
  std::size_t end = 0;
  if (authority.starts_with('[')) {
    end = authority.find(']');
    if (end == std::string_view::npos || end < 3) return std::nullopt;
    const auto inside = authority.substr(1, end - 1);
    const auto is_ip6 = [](char c) {
      return IsDigit(c) || (LowerAscii(c) >= 'a' && LowerAscii(c) <= 'f') || c == ':' || c == '.';
    };
    if (!std::ranges::all_of(inside, is_ip6)) return std::nullopt;
    ++end;
  } else {
    const auto is_name = [](char c) {
      return IsDigit(c) || (LowerAscii(c) >= 'a' && LowerAscii(c) <= 'z') || c == '-' || c == '.' ||
             c == '_' || c == '~';
    };
    while (end < authority.size() && is_name(authority[end])) ++end;
    if (end == 0) return std::nullopt;
  }
  std::string_view port = authority.substr(end);
  if (!port.empty()) {
    if (port.front() != ':') return std::nullopt;
    port.remove_prefix(1);
    std::uint16_t number = 0;
    const auto [rest, bad] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (bad != std::errc{} || rest != port.data() + port.size()) return std::nullopt;
  }
  return authority.substr(0, end);
}

// True when a line that Beast refused for its version names some version all the same.
bool NamesAVersion(std::string_view line) {
  if (line.size() < 8) return false;
  const std::string_view tail = line.substr(line.size() - 8);
  return tail.starts_with("HTTP/") && IsDigit(tail[5]) && tail[6] == '.' && IsDigit(tail[7]);
}

}  // namespace

class RequestParser::BeastHead final : public HeadOnlyParser<true> {
 public:
  BeastHead(RequestParser& out, std::size_t limit) : HeadOnlyParser(limit), out_(out) {}

 private:
  void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target,
                       int version, ErrorCode&) override {
    out_.head_.method = View(method);
    out_.head_.target = View(target);
    out_.framing_.http10 = version == 10;
  }

  void on_field_impl(beast::http::field field, beast::string_view raw_name,
                     beast::string_view raw_value, ErrorCode&) override {
    const std::string_view value = View(raw_value);
    Seen& seen = out_.seen_;
    out_.fields_.push_back(Header{View(raw_name), value});
    switch (field) {
      case beast::http::field::host:
        ++seen.hosts;
        seen.host = value;
        break;
      case beast::http::field::content_length:
        ++seen.lengths;
        seen.length = value;
        break;
      case beast::http::field::transfer_encoding:
        ++seen.codings;
        seen.coding = value;
        break;
      case beast::http::field::expect:
        seen.expect = value;
        break;
      case beast::http::field::upgrade:
        seen.upgrade = value;
        break;
      case beast::http::field::connection:
        seen.close |= IsNamedIn(value, "close");
        seen.keep_alive |= IsNamedIn(value, "keep-alive");
        seen.upgrade_token |= IsNamedIn(value, "upgrade");
        break;
      default:
        break;
    }
  }

  RequestParser& out_;
};

RequestParser::Step RequestParser::Feed(std::string_view message) {
  const Step step = scanner_.Scan(message);
  if (step == Step::kNeedMore) return step;
  if (step == Step::kRejected) {
    rejection_ = scanner_.rejection();
    return step;
  }
  return Parse(scanner_.HeadIn(message));
}

RequestParser::Step RequestParser::Parse(std::string_view block) {
  BeastHead parser(*this, block.size() + 1);
  ErrorCode error;
  parser.put(boost::asio::const_buffer(block.data(), block.size()), error);
  // What Beast finds wrong about a framing field is found again below, with a better message.
  if (error == beast::http::error::bad_version) {
    if (!NamesAVersion(block.substr(0, block.find('\r')))) {
      return Reject(400, "the request line is malformed");
    }
    return Reject(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
  }
  if (error == beast::http::error::bad_content_length ||
      error == beast::http::error::multiple_content_length) {
    return Reject(400, "Content-Length is not one number, or comes with Transfer-Encoding");
  }
  if (error == beast::http::error::bad_transfer_encoding) {
    return Reject(400, "Transfer-Encoding is repeated, or comes with Content-Length");
  }
  if (error) return Reject(400, "the request line or a header field is malformed");
  head_.headers = fields_;
  head_.scheme = "http";
  if (const Step step = CheckFraming(); step == Step::kRejected) return step;
  if (const Step step = CheckHost(); step == Step::kRejected) return step;
  if (const Step step = CheckTarget(); step == Step::kRejected) return step;
  return CheckExpectations();
}

RequestParser::Step RequestParser::CheckFraming() {
  if (seen_.lengths > 1) return Reject(400, "Content-Length is repeated");
  if (seen_.codings > 1) return Reject(400, "Transfer-Encoding is repeated");
  if (seen_.codings == 1) {
    if (seen_.lengths != 0) return Reject(400, "Content-Length and Transfer-Encoding together");
    if (framing_.http10) return Reject(400, "Transfer-Encoding in HTTP/1.0");
    if (!EqualsIgnoreCase(seen_.coding, "chunked")) {
      return Reject(501, "a Transfer-Encoding other than chunked");
    }
    framing_.chunked = true;
  }
  if (seen_.lengths == 1) {
    head_.content_length = ParseContentLength(seen_.length);
    if (!head_.content_length) return Reject(400, "Content-Length is not a number");
  }
  framing_.keep_alive = !seen_.close && (!framing_.http10 || seen_.keep_alive);
  return Step::kComplete;
}

RequestParser::Step RequestParser::CheckHost() {
  if (seen_.hosts > 1) return Reject(400, "Host is repeated");
  if (seen_.hosts == 0) {
    const bool required = host_ == HostRule::kRequired && !framing_.http10;
    if (required) return Reject(400, "Host is missing");
    return Step::kComplete;
  }
  const auto host = HostOf(seen_.host);
  if (!host) return Reject(400, "Host is not a host name with an optional port");
  head_.host = *host;
  return Step::kComplete;
}

RequestParser::Step RequestParser::CheckTarget() {
  std::string_view& target = head_.target;
  if (target.size() > limits_.target.count) return Reject(414, "the request target is too long");
  if (head_.method == "CONNECT") return Reject(501, "CONNECT is not offered");
  const auto odd = [](char c) { return c <= ' ' || c >= 0x7F || c == '#'; };
  if (std::ranges::any_of(target, odd)) {
    return Reject(400, "a character in the request target that is not allowed");
  }
  if (target.starts_with("http://")) {
    if (const Step step = CheckAbsolute(target.substr(7)); step == Step::kRejected) return step;
  } else if (!target.starts_with('/') && !(target == "*" && head_.method == "OPTIONS")) {
    return Reject(400, "the request target is neither a path nor an absolute http URL");
  }
  const std::size_t question = std::min(target.find('?'), target.size());
  head_.path = target.substr(0, question);
  head_.query = target.substr(std::min(question + 1, target.size()));
  return Step::kComplete;
}

// An absolute target must agree with Host: a proxy in front of us may have looked at either.
RequestParser::Step RequestParser::CheckAbsolute(std::string_view authority_and_path) {
  const std::size_t slash = authority_and_path.find_first_of("/?");
  const std::string_view authority = authority_and_path.substr(0, slash);
  if (!EqualsIgnoreCase(authority, seen_.host)) {
    return Reject(400, "the absolute request target names another host than Host");
  }
  if (slash == std::string_view::npos) {
    head_.target = "/";
    return Step::kComplete;
  }
  if (authority_and_path[slash] == '?') {
    return Reject(400, "the absolute request target has a query but no path");
  }
  head_.target = authority_and_path.substr(slash);
  return Step::kComplete;
}

RequestParser::Step RequestParser::CheckExpectations() {
  if (!seen_.expect.empty() && !framing_.http10) {
    if (!EqualsIgnoreCase(seen_.expect, "100-continue")) {
      return Reject(417, "an expectation other than 100-continue");
    }
    framing_.expect_continue = framing_.chunked || head_.content_length.value_or(0) > 0;
  }
  framing_.web_socket = seen_.upgrade_token && EqualsIgnoreCase(seen_.upgrade, "websocket");
  return Step::kComplete;
}

RequestParser::Step RequestParser::Reject(std::uint16_t status, std::string_view detail) {
  rejection_ = Rejection{status, detail};
  return Step::kRejected;
}

void RequestParser::Reset() noexcept {
  scanner_.Reset();
  fields_.clear();
  seen_ = Seen{};
  head_ = RequestHead{};
  framing_ = RequestFraming{};
}

}  // namespace strata::http
