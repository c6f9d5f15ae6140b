// sandbox/microvm/machine/protocol.h - what the driver and strata-agent say to each other over the
// virtual machine's serial port.
//
//   a stream of frames each way: u32 length (little endian), u8 type, u32 program, payload
//
//   driver                                  agent
//     <- kReady                               once, when the guest can run programs
//     kWake {time, entropy, name} ->          after every restore; answered with kAwake
//     kStart {program} ->                     under a number of the driver's, which what is below
//                                             bears, too; it is free again after kExit or kFailed
//     <- kStarted                             it runs; only if Program::confirmed
//     kInput bytes, kInputEnd ->              within the credit that kInputTaken gives
//     <- kOutput, kError bytes                together within the credit that kOutputTaken gives
//     <- kExit {status}                       after the last byte of output
//     kSleep ->                               before it is saved: kAsleep is its last frame before
//                                             the next kWake
//     kResize {size} ->                       its terminal is of another size now
//     kTerminate ->                           asks the program, beside the first one also all of
//                                             its session, to end: SIGTERM, at a terminal SIGHUP
//     kSignal {number} ->                     to the program alone
//     kKill ->                                the program and all that it started
//
// Both sides read bytes that the other may have made up: a guest that took over its agent, or a
// damaged stream. Parsing is total.
//
// Threads: none; values. Linked into the static agent: the standard library and base only.
// Tested by sandbox/microvm/machine/protocol_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace strata::sandbox::microvm {

enum class FrameType : std::uint8_t {
  kReady = 1,
  kWake,
  kAwake,
  kStart,
  kInput,
  kInputEnd,
  kInputTaken,
  kOutput,
  kError,
  kOutputTaken,
  kKill,
  kExit,
  kTerminate,
  kSleep,
  kAsleep,
  kResize,
  kStarted,
  kSignal,
  kFailed,  // the agent could not do what was asked; the payload says why
};

struct Frame {
  FrameType type = FrameType::kReady;
  std::uint32_t program = 0;  // 0: of the machine
  std::string payload;
};

inline constexpr std::size_t kLongestFrame = 1 << 20;
inline constexpr std::uint32_t kMain = 1;  // the image's own program

// As a program, these words are the agent itself, run as any program of the sandbox: "dial PORT",
// "read PATH", "write PATH MODE", "end SESSION SIGNAL" (agent/verbs.h).
inline constexpr std::string_view kAgentProgram = "/.strata-agent";

// Where things are in the machine, for the config.json of a container in it: the container's group
// (`cgroupsPath`), the machine's network, the root of its programs, and the agent.
inline constexpr const char* kContainerGroup = "/container";
inline constexpr const char* kMachineNetwork = "/proc/1/ns/net";
inline constexpr const char* kRoot = "/sandbox";
inline constexpr const char* kAgentInMachine = "/init";
// With DiskLayout::kTrees: of the disk's trees, the programs' root, and what is mounted into it.
inline constexpr const char* kRootTree = "root";
inline constexpr const char* kTrees = "/lower";
// What runs containers, where the initial file system has it.
inline constexpr const char* kRuntimeInMachine = "/usr/bin/oci-runtime";

inline constexpr std::size_t kWindow = 256 * 1024;  // bytes under way in each direction

std::string EncodeFrame(FrameType type, std::string_view payload = {}, std::uint32_t program = 0);

// Cuts a stream into frames.
class FrameReader {
 public:
  void Feed(std::string_view bytes) { buffer_.append(bytes); }
  // The next whole frame; empty: more bytes are needed. kInvalidArgument: no such type, or too
  // long; nothing can be read after that.
  Result<std::optional<Frame>> Next();

 private:
  std::string buffer_;
  std::size_t at_ = 0;
};

// Serial numbers of drives: of the image's disk, and of one with a volume.
inline constexpr std::string_view kRootDrive = "root";
std::string VolumeDrive(std::size_t number);

// A file system that the guest shows to its programs.
struct GuestVolume {
  std::string at;          // absolute, below the programs' root
  std::string drive;       // the serial number of the drive with its ext4; empty: it is a tmpfs
  std::uint64_t size = 0;  // bytes, of a tmpfs
  bool read_only = false;
  friend bool operator==(const GuestVolume&, const GuestVolume&) = default;
};

// What a restored guest cannot have by itself: time, randomness, its own name, its volumes.
struct Wake {
  std::int64_t wall_ns = 0;  // since the epoch
  std::string entropy;       // 32 bytes or more
  std::string hostname;
  // Of its network card, "192.0.2.7" alone in its network or with its network's prefix,
  // "192.0.2.7/24"; empty: it has none, or keeps what it has.
  std::string address;
  std::string gateway;  // empty: there is nothing behind that network
  std::string names;    // where it asks for names; empty: where its programs' root says
  // It is a copy: programs beside kMain belong to the original, and are ended; kMain's output
  // starts with a whole window.
  bool copy = false;
  std::vector<GuestVolume> volumes;  // to be mounted now; none when it has them already
};

struct TerminalSize {
  std::uint16_t rows = 0;
  std::uint16_t columns = 0;
};

struct Program {
  std::vector<std::string> args;
  std::map<std::string, std::string> env;
  std::string cwd = "/";
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint64_t memory = 0;  // bytes; of the program and all that it starts
  std::uint32_t pids = 0;
  bool beside = false;     // in the group of kMain, whose limits then count for both
  bool confirmed = false;  // kStarted is wanted
  // It is at a terminal of this size: all that it prints is kOutput.
  std::optional<TerminalSize> terminal;
  // In a container, by the machine's OCI runtime, which is told what to do by this JSON:
  // config.json of kMain, "process" of a program beside it. Empty: the agent runs it itself, as
  // said above.
  std::string container;
};

struct Outcome {
  bool signaled = false;
  std::int32_t status = 0;  // exit code, or signal
  bool out_of_memory = false;
  std::uint64_t memory_peak = 0;  // bytes
};

// Payloads, as JSON. Reading fails with kInvalidArgument.
std::string WriteWake(const Wake& wake);
Result<Wake> ReadWake(std::string_view text);
std::string WriteProgram(const Program& program);
Result<Program> ReadProgram(std::string_view text);
std::string WriteOutcome(const Outcome& outcome);
Result<Outcome> ReadOutcome(std::string_view text);

std::string WriteSize(TerminalSize size);
Result<TerminalSize> ReadSize(std::string_view text);

// Payload of kInputTaken and kOutputTaken: a count of bytes; of kSignal: its number.
std::string WriteCount(std::uint32_t count);
Result<std::uint32_t> ReadCount(std::string_view payload);

}  // namespace strata::sandbox::microvm
