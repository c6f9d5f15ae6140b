// sandbox/egress/dns.h - the one DNS message that a sandbox needs an answer to: a query with one
// question. Everything in it was written by the guest; reading it is total.
//
// Not read: what follows the question (EDNS). Answers fit in 512 bytes whatever was asked.
//
// Threads: none; pure. Tested by dns_test.cc, fuzzed by tests/fuzz/dns_query_fuzz.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "host/ipv4.h"

namespace strata::sandbox::egress {

struct DnsQuery {
  static constexpr std::uint16_t kTypeA = 1;

  std::uint16_t id = 0;
  bool recursion_desired = false;
  std::string name;  // lower case, labels between dots, none at the end; other bytes as "\ddd"
  std::uint16_t type = 0;
  std::string_view question;  // its bytes in the message, for the answer
};

// kInvalidArgument: it is no query with one question of class IN.
Result<DnsQuery> ParseDnsQuery(std::string_view message);

// The answer to `query`: its address, for a question of another type none; without an address the
// name does not exist.
std::string DnsAnswer(const DnsQuery& query, std::optional<host::Ipv4> address);

}  // namespace strata::sandbox::egress
