// cell/roles/zygote_request.h - what a zygote is asked for: one child, in one packet of JSON with
// its descriptors. The answer is a packet that says the child's pid, or why there is none.
//
//   kube/shim/wasm/zygotes.h --ZygoteRequest, descriptors--> zygote.h --ZygoteAnswer-->
//
// The descriptors, in this order: standard input, output and error; native code, sealed
// (compile_job.h); what tells it to go on, and its plan (command_role.h); listeners; the volumes'
// directories.
//
// Pure; total on any input. Tested by zygote_request_test.cc.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "cell/start/given_mounts.h"

namespace strata::cell {

// The zygote's end of the socket (SOCK_SEQPACKET).
inline constexpr int kZygoteFd = 3;
inline constexpr Bytes kZygotePacket = 64_KiB;

// The first of its descriptors.
enum ZygoteDescriptor : std::uint8_t { kStdin, kStdout, kStderr, kCode, kBegin, kPlan, kFixed };

struct ZygoteRequest {
  std::string module;       // what the code is known by
  std::uint32_t slots = 1;  // of its plan (SlotsOf)
  std::size_t listeners = 0;
  std::vector<GivenVolume> volumes;  // without descriptors

  [[nodiscard]] std::size_t descriptors() const { return kFixed + listeners + volumes.size(); }
  friend bool operator==(const ZygoteRequest&, const ZygoteRequest&) = default;
};

std::string ToText(const ZygoteRequest& request);
// kInvalidArgument: not as above.
Result<ZygoteRequest> ReadZygoteRequest(std::string_view text);

// The child's pid, or why there is none.
std::string ToText(const Result<pid_t>& answer);
// The other's error, or kInvalidArgument: not as above.
Result<pid_t> ReadZygoteAnswer(std::string_view text);

}  // namespace strata::cell
