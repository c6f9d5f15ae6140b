#include "sandbox/egress/attempts.h"

#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace strata::sandbox::egress {
namespace {

// Offsets in an IPv4 header, and in what follows it.
constexpr std::size_t kFragment = 6;
constexpr std::size_t kProtocol = 9;
constexpr std::size_t kDestination = 16;
constexpr std::size_t kLeastHeader = 20;
constexpr std::size_t kPort = 2;
constexpr std::size_t kFlags = 13;  // TCP
constexpr std::uint8_t kSyn = 0x02;
constexpr std::uint8_t kSynAck = 0x12;
constexpr std::uint16_t kNamePort = 53;

// A filter of the kernel's: what ParseAttempt would take, of packets that come in. Jumps count from
// the next line.
constexpr std::array kFilter = {
    sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                         static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_PKTTYPE)),
    sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 12, 0),
    sock_filter BPF_STMT(BPF_LD | BPF_H | BPF_ABS, kFragment),
    sock_filter BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, 10, 0),
    sock_filter BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
    sock_filter BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kProtocol),
    sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 4, 0),
    sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 6),
    sock_filter BPF_STMT(BPF_LD | BPF_B | BPF_IND, kFlags),
    sock_filter BPF_STMT(BPF_ALU | BPF_AND | BPF_K, kSynAck),
    sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kSyn, 2, 3),
    sock_filter BPF_STMT(BPF_LD | BPF_H | BPF_IND, kPort),
    sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kNamePort, 1, 0),
    sock_filter BPF_STMT(BPF_RET | BPF_K, 128),
    sock_filter BPF_STMT(BPF_RET | BPF_K, 0),
};

std::uint8_t ByteAt(std::string_view packet, std::size_t at) {
  return static_cast<std::uint8_t>(packet[at]);
}

std::uint16_t NumberAt(std::string_view packet, std::size_t at) {
  return static_cast<std::uint16_t>(ByteAt(packet, at) << 8 | ByteAt(packet, at + 1));
}

}  // namespace

std::string Attempt::ToString() const {
  return std::string(tcp ? "tcp " : "udp ") + to.ToString() + ":" + std::to_string(port);
}

Result<Fd> WatchAttempts(const std::string& interface) {
  // Of no protocol until the filter is in place.
  Fd fd(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return FailErrno("watch " + interface, errno);
  std::array filter = kFilter;
  const sock_fprog program{.len = static_cast<unsigned short>(filter.size()),
                           .filter = filter.data()};
  sockaddr_ll at{};
  at.sll_family = AF_PACKET;
  at.sll_protocol = htons(ETH_P_IP);
  at.sll_ifindex = static_cast<int>(::if_nametoindex(interface.c_str()));
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) != 0 ||
      ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof(at)) != 0) {
    return FailErrno("watch " + interface, errno);
  }
  return fd;
}

std::optional<Attempt> ParseAttempt(std::string_view packet) {
  if (packet.size() < kLeastHeader || ByteAt(packet, 0) >> 4 != 4) return std::nullopt;
  const std::size_t header = std::size_t{4} * (ByteAt(packet, 0) & 15);
  if (header < kLeastHeader || (NumberAt(packet, kFragment) & 0x1fff) != 0) return std::nullopt;
  const bool tcp = ByteAt(packet, kProtocol) == IPPROTO_TCP;
  if (!tcp && ByteAt(packet, kProtocol) != IPPROTO_UDP) return std::nullopt;
  if (packet.size() < header + (tcp ? kFlags + 1 : kPort + 2)) return std::nullopt;
  if (tcp && (ByteAt(packet, header + kFlags) & kSynAck) != kSyn) return std::nullopt;
  const std::uint32_t to = static_cast<std::uint32_t>(NumberAt(packet, kDestination)) << 16 |
                           NumberAt(packet, kDestination + 2);
  return Attempt{.tcp = tcp, .to = {to}, .port = NumberAt(packet, header + kPort)};
}

}  // namespace strata::sandbox::egress
