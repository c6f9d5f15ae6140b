// tests/conformance/http_bad_requests.h - requests that no strict HTTP/1.1 server accepts, and the
// status each must get. One row per way to be wrong; the fuzzer's corpus is made from the same
// rows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace strata::http {

struct BadRequest {
  std::string label;
  std::string message;
  std::uint16_t status;
};

inline std::vector<BadRequest> BadRequests() {
  const std::string get = "GET / HTTP/1.1\r\n";
  const std::string host = "Host: a\r\n";
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
  const std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n";
  std::vector<BadRequest> rows{
      // Line ends and control characters.
      {"BareLfInRequestLine", "GET / HTTP/1.1\nHost: a\n\n", 400},
      {"BareLfInField", get + "Host: a\nX: 1\r\n\r\n", 400},
      {"BareCrInField", get + host + "X: 1\r2\r\n\r\n", 400},
      {"BareCrInRequestLine", "GET /\r HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"LfAfterHead", get + host + "\n", 400},
      {"NulInValue", get + host + std::string("X: 1\0002\r\n\r\n", 10), 400},
      {"NulInName", get + host + std::string("X\000Y: 1\r\n\r\n", 10), 400},
      {"BellInValue", get + host + "X: \a\r\n\r\n", 400},
      {"DelInValue", get + host + "X: \x7F\r\n\r\n", 400},
      {"TwoEmptyLinesFirst", "\r\n\r\n" + get + host + "\r\n", 400},
      // Fields.
      {"Folded", get + host + "X: 1\r\n 2\r\n\r\n", 400},
      {"FoldedWithTab", get + host + "X: 1\r\n\t2\r\n\r\n", 400},
      {"SpaceFirstField", get + " Host: a\r\n\r\n", 400},
      {"SpaceBeforeColon", get + "Host : a\r\n\r\n", 400},
      {"TabBeforeColon", get + "Host\t: a\r\n\r\n", 400},
      {"EmptyName", get + host + ": 1\r\n\r\n", 400},
      {"NoColon", get + host + "X\r\n\r\n", 400},
      {"BadNameCharacter", get + host + "X(: 1\r\n\r\n", 400},
      {"HighNameCharacter", get + host + "X\xE9: 1\r\n\r\n", 400},
      // The request line.
      {"NoVersion", "GET /\r\nHost: a\r\n\r\n", 400},
      {"TwoSpaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"TabSeparated", "GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"TrailingSpace", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
      {"LowerCaseHttp", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
      {"RelativeTarget", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"FragmentInTarget", "GET /#a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"HighTarget", "GET /\xE9 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"AsteriskGet", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"BadMethodCharacter", "G[T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"Connect", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 501},
      {"Http09", "GET /\r\n\r\n", 400},
      {"Http12", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
      {"Http2", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"Http2Preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"TlsHello", std::string("\x16\x03\x01\x00\xA5\x01\x00\x00\n", 9), 400},
      // Host.
      {"NoHost", get + "\r\n", 400},
      {"TwoHosts", get + host + host + "\r\n", 400},
      {"TwoHosts10", "GET / HTTP/1.0\r\n" + host + host + "\r\n", 400},
      {"EmptyHost", get + "Host:\r\n\r\n", 400},
      {"HostWithPath", get + "Host: a/b\r\n\r\n", 400},
      {"HostWithUser", get + "Host: u@a\r\n\r\n", 400},
      {"HostWithComma", get + "Host: a, b\r\n\r\n", 400},
      {"HostBadPort", get + "Host: a:x\r\n\r\n", 400},
      {"HostLargePort", get + "Host: a:65536\r\n\r\n", 400},
      {"HostOpenBracket", get + "Host: [::1\r\n\r\n", 400},
      {"AbsoluteOtherHost", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"AbsoluteOtherPort", "GET http://a:81/ HTTP/1.1\r\nHost: a:80\r\n\r\n", 400},
      {"AbsoluteHttps", "GET https://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      // Framing.
      {"LengthAndChunked",
       post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"ChunkedAndLength",
       post + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400},
      {"TwoLengths", post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400},
      {"TwoEqualLengths", post + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400},
      {"LengthList", post + "Content-Length: 3, 3\r\n\r\nabc", 400},
      {"LengthSigned", post + "Content-Length: +3\r\n\r\nabc", 400},
      {"LengthNegative", post + "Content-Length: -3\r\n\r\nabc", 400},
      {"LengthHex", post + "Content-Length: 0x3\r\n\r\nabc", 400},
      {"LengthEmpty", post + "Content-Length:\r\n\r\nabc", 400},
      {"LengthOverflow", post + "Content-Length: 99999999999999999999\r\n\r\n", 400},
      {"LengthOverLimit", post + "Content-Length: 999999999999\r\n\r\n", 413},
      {"CodingGzip", post + "Transfer-Encoding: gzip\r\n\r\n", 501},
      {"CodingGzipChunked", post + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
      {"CodingChunkedTwice", post + "Transfer-Encoding: chunked, chunked\r\n\r\n", 501},
      {"CodingRepeated", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
       400},
      {"CodingIdentityRepeated",
       post + "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"CodingVerticalTab",
       post + "Transfer-Encoding: \x0B"
              "chunked\r\n\r\n",
       400},
      {"CodingQuoted", post + "Transfer-Encoding: \"chunked\"\r\n\r\n", 501},
      {"CodingEmpty", post + "Transfer-Encoding:\r\n\r\n", 501},
      {"CodingIn10", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      // Chunks.
      {"ChunkSizeNone", chunked + "\r\nabc\r\n0\r\n\r\n", 400},
      {"ChunkSizeText", chunked + "x\r\n", 400},
      {"ChunkSizePrefix", chunked + "0x3\r\nabc\r\n0\r\n\r\n", 400},
      {"ChunkSizeSigned", chunked + "+3\r\nabc\r\n0\r\n\r\n", 400},
      {"ChunkSizeSpaceBefore", chunked + " 3\r\nabc\r\n0\r\n\r\n", 400},
      {"ChunkSizeSpaceAfter", chunked + "3 \r\nabc\r\n0\r\n\r\n", 400},
      {"ChunkSizeUnderscore", chunked + "1_0\r\nabc\r\n0\r\n\r\n", 400},
      {"ChunkSizeHuge", chunked + "FFFFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n", 400},
      {"ChunkSizeBareLf", chunked + "3\nabc\r\n0\r\n\r\n", 400},
      {"ChunkSizeBareCr", chunked + "3\rabc\r\n0\r\n\r\n", 400},
      {"ChunkDataLong", chunked + "3\r\nabcd\r\n0\r\n\r\n", 400},
      {"ChunkDataBareLf", chunked + "3\r\nabc\n0\r\n\r\n", 400},
      {"ChunkExtensionBareLf", chunked + "3;a\nabc\r\n0\r\n\r\n", 400},
      {"ChunkExtensionControl", chunked + "3;a=\x01\r\nabc\r\n0\r\n\r\n", 400},
      {"ChunkExtensionLong", chunked + "3;" + std::string(5000, 'a') + "\r\nabc\r\n0\r\n\r\n", 400},
      {"TrailerFolded", chunked + "0\r\nA: 1\r\n 2\r\n\r\n", 400},
      {"TrailerNoColon", chunked + "0\r\nA\r\n\r\n", 400},
      {"TrailerBareLf", chunked + "0\r\nA: 1\n\r\n", 400},
      {"TrailerLong", chunked + "0\r\nA: " + std::string(5000, 'a') + "\r\n\r\n", 400},
      // Bombs.
      {"LongTarget", "GET /" + std::string(8192, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
      {"EndlessTarget", "GET /" + std::string(20000, 'a'), 414},
      {"LongField", get + host + "X: " + std::string(40000, 'a') + "\r\n\r\n", 431},
      {"EndlessField", get + host + "X: " + std::string(40000, 'a'), 431},
      // Expectations and upgrades.
      {"OtherExpectation", get + host + "Expect: magic\r\n\r\n", 417},
      {"WebSocket", get + host + "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n",
       501},
  };
  std::string many = get + host;
  for (int i = 0; i < 101; ++i) many += "A: 1\r\n";
  rows.push_back({"ManyFields", many + "\r\n", 431});
  return rows;
}

}  // namespace strata::http
