#include "sandbox/egress/attempts.h"

#include <gtest/gtest.h>

namespace strata::sandbox::egress {
namespace {

using std::string_literals::operator""s;

// To 169.254.169.254:80, with `options` more bytes of header.
std::string Packet(char protocol, char flags = 0x02, std::size_t options = 0) {
  std::string packet(20 + options, '\0');
  packet[0] = static_cast<char>(0x40 | (20 + options) / 4);
  packet[9] = protocol;
  packet.replace(16, 4, "\xa9\xfe\xa9\xfe"s);
  return packet + "\x12\x34\x00\x50"s + std::string(9, '\0') + flags + std::string(6, '\0');
}

TEST(AttemptsTest, TheFirstPacketOfAConnectionIsOne) {
  for (const std::size_t options : {0U, 4U, 40U}) {
    const auto attempt = ParseAttempt(Packet(6, 0x02, options));
    ASSERT_TRUE(attempt.has_value()) << options;
    EXPECT_EQ(attempt->ToString(), "tcp 169.254.169.254:80");
  }
}

TEST(AttemptsTest, ADatagramIsOne) {
  EXPECT_EQ(ParseAttempt(Packet(17))->ToString(), "udp 169.254.169.254:80");
}

TEST(AttemptsTest, OtherPacketsAreNone) {
  EXPECT_FALSE(ParseAttempt(Packet(6, 0x10)).has_value());  // ACK
  EXPECT_FALSE(ParseAttempt(Packet(6, 0x12)).has_value());  // SYN, ACK
  EXPECT_FALSE(ParseAttempt(Packet(6, 0x04)).has_value());  // RST
  EXPECT_FALSE(ParseAttempt(Packet(1)).has_value());        // ICMP
  std::string packet = Packet(6);
  packet[0] = 0x60;
  EXPECT_FALSE(ParseAttempt(packet).has_value());  // no IPv4
  packet[0] = 0x44;
  EXPECT_FALSE(ParseAttempt(packet).has_value());  // a header too short
  packet = Packet(6);
  packet[7] = 1;
  EXPECT_FALSE(ParseAttempt(packet).has_value());  // a later fragment
}

TEST(AttemptsTest, HalfAPacketIsNone) {
  const std::string packet = Packet(6, 0x02, 8);
  for (std::size_t size = 0; size < 28 + 14; ++size) {
    EXPECT_FALSE(ParseAttempt(packet.substr(0, size)).has_value()) << size;
  }
}

}  // namespace
}  // namespace strata::sandbox::egress
