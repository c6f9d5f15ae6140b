#include "sandbox/egress/dns.h"

namespace strata::sandbox::egress {
namespace {

constexpr std::size_t kHeader = 12;
constexpr std::size_t kLongestName = 255;
constexpr std::size_t kLongestLabel = 63;
constexpr std::uint16_t kClassIn = 1;
constexpr std::uint16_t kNoSuchName = 3;
constexpr std::uint32_t kTimeToLive = 60;  // seconds; a sandbox's names keep their addresses

std::uint8_t ByteAt(std::string_view message, std::size_t at) {
  return static_cast<std::uint8_t>(message[at]);
}

std::uint16_t NumberAt(std::string_view message, std::size_t at) {
  return static_cast<std::uint16_t>(ByteAt(message, at) << 8 | ByteAt(message, at + 1));
}

void PutNumber(std::string& to, std::uint16_t number) {
  to += static_cast<char>(number >> 8);
  to += static_cast<char>(number & 0xff);
}

// Printable, and no byte of a label reads as something between labels.
void AppendLabelByte(std::string& name, char c) {
  const auto byte = static_cast<std::uint8_t>(c);
  if (c >= 'A' && c <= 'Z') {
    name += static_cast<char>(c - 'A' + 'a');
  } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_') {
    name += c;
  } else {
    name += '\\';
    for (const int unit : {100, 10, 1}) name += static_cast<char>('0' + byte / unit % 10);
  }
}

std::unexpected<Error> Bad(const char* why) {
  return Fail(Errc::kInvalidArgument, std::string("DNS query: ") + why);
}

}  // namespace

Result<DnsQuery> ParseDnsQuery(std::string_view message) {
  if (message.size() < kHeader) return Bad("no whole header");
  constexpr std::uint16_t kResponseOrOperation = 0xf800;
  const std::uint16_t flags = NumberAt(message, 2);
  if ((flags & kResponseOrOperation) != 0) return Bad("no standard query");
  if (NumberAt(message, 4) != 1) return Bad("not one question");
  DnsQuery query;
  query.id = NumberAt(message, 0);
  query.recursion_desired = (flags & 0x100) != 0;
  std::size_t at = kHeader;
  while (true) {
    if (at >= message.size()) return Bad("the name does not end");
    const std::size_t length = ByteAt(message, at++);
    if (length == 0) break;
    if (length > kLongestLabel) return Bad("no plain label");
    if (length > message.size() - at) return Bad("the name does not end");
    if (at + length - kHeader >= kLongestName) return Bad("the name is too long");
    if (!query.name.empty()) query.name += '.';
    for (const char c : message.substr(at, length)) AppendLabelByte(query.name, c);
    at += length;
  }
  if (message.size() - at < 4) return Bad("no type and class");
  query.type = NumberAt(message, at);
  if (NumberAt(message, at + 2) != kClassIn) return Bad("not of class IN");
  query.question = message.substr(kHeader, at + 4 - kHeader);
  return query;
}

std::string DnsAnswer(const DnsQuery& query, std::optional<host::Ipv4> address) {
  constexpr std::uint16_t kAuthoritativeAnswer = 0x8400;
  constexpr std::uint16_t kRecursionAvailable = 0x80;
  constexpr std::uint16_t kNameOfTheQuestion = 0xc000 | kHeader;
  const bool has_answer = address && query.type == DnsQuery::kTypeA;
  std::string answer;
  PutNumber(answer, query.id);
  PutNumber(answer, kAuthoritativeAnswer | kRecursionAvailable |
                        (query.recursion_desired ? 0x100 : 0) | (address ? 0 : kNoSuchName));
  for (const int count : {1, has_answer ? 1 : 0, 0, 0}) {
    PutNumber(answer, static_cast<std::uint16_t>(count));
  }
  answer += query.question;
  if (!has_answer) return answer;
  PutNumber(answer, kNameOfTheQuestion);
  PutNumber(answer, DnsQuery::kTypeA);
  PutNumber(answer, kClassIn);
  for (const std::uint32_t half : {kTimeToLive >> 16, kTimeToLive & 0xffff}) {
    PutNumber(answer, static_cast<std::uint16_t>(half));
  }
  PutNumber(answer, 4);
  PutNumber(answer, static_cast<std::uint16_t>(address->bits >> 16));
  PutNumber(answer, static_cast<std::uint16_t>(address->bits & 0xffff));
  return answer;
}

}  // namespace strata::sandbox::egress
