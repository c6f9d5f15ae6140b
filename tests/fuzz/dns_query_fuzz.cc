// Any bytes as a guest's DNS query: reading is total, its name is printable, and what is answered
// bears the query's own question and fits in one plain datagram.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/check.h"
#include "sandbox/egress/dns.h"

namespace egress = strata::sandbox::egress;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  const auto query = egress::ParseDnsQuery(message);
  if (!query) return 0;
  STRATA_CHECK(std::ranges::all_of(query->name, [](char c) { return c > ' ' && c < 0x7f; }));
  for (const auto& address : {std::optional<strata::host::Ipv4>(), {{0xc6120001}}}) {
    const std::string answer = egress::DnsAnswer(*query, address);
    STRATA_CHECK(answer.size() <= 512);
    STRATA_CHECK(answer.substr(0, 2) == message.substr(0, 2));
    STRATA_CHECK(answer.substr(12).starts_with(query->question));
  }
  return 0;
}
