// kube/shim/bootstrap.h - how containerd starts a shim's program: command line, standard input, and
// what the program prints.
//
//   containerd --argv, stdin, environment--> containerd-shim-strata-v2 start --stdout--> address
//
// Since containerd 2.3 standard input is a BootstrapParams in protobuf, whose comment speaks of
// JSON; before that it was the runtime's options alone, or nothing. All three are understood, and
// answered in the form that the asker reads: protobuf or JSON with version 3 of the task service,
// and for the old ones JSON with version 2.
//
// Pure; total on any input. Tested by kube/shim/bootstrap_test.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <google/protobuf/any.pb.h>

#include "base/result.h"

namespace strata::kube::shim {

enum class Verb : std::uint8_t {
  kStart,    // find or start the resident shim, and print its address
  kDelete,   // remove what is left of one task
  kInfo,     // say what this runtime is
  kVersion,  // the same for people
  kProbe,    // say which classes work on this node
  kServe,    // be the resident shim; started by kStart
  kHold,     // be the first process of a pod's (pod/processes.h); started by kServe
};

struct Invocation {
  Verb verb = Verb::kVersion;
  std::string name_space;  // containerd's
  std::string id;          // of the task or sandbox
  std::string bundle;      // its directory; empty: the working directory
  std::string address;     // containerd's gRPC socket, a path; empty: not said
  std::string ttrpc;       // kServe: where events go
  int listen_fd = -1;      // kServe: the socket to serve
};

// The arguments after the program's name, as Go's `flag` takes them ("-id x", "--id=x"), which is
// what containerd writes. kInvalidArgument: an unknown option or verb, or one that is missing.
Result<Invocation> ParseArguments(std::span<const char* const> arguments);

enum class Dialect : std::uint8_t { kProtobuf, kJson, kLegacy };

struct Bootstrap {
  Dialect dialect = Dialect::kLegacy;
  std::string ttrpc_address;      // of containerd; a path
  std::string socket_dir;         // where to listen
  google::protobuf::Any options;  // options.h's; in JSON there are none
};

// What `input` (standard input) says to `invocation`; `ttrpc_address` is $TTRPC_ADDRESS, which
// counts when the input names none. Input that is for another id or namespace is legacy options.
// kInvalidArgument: nobody said where containerd listens, or a directory that is not absolute.
Result<Bootstrap> ReadBootstrap(std::string_view input, const Invocation& invocation,
                                std::string_view ttrpc_address);

// What `start` prints: where the shim listens, for who speaks `dialect`.
std::string WriteResult(Dialect dialect, std::string_view socket_path);

// What `-info` prints; `features` is what the runtime of class container says of itself (its
// `features`, empty if it says nothing), by which containerd knows what it may ask for.
std::string WriteInfo(std::string_view features);

// Where the one shim for the containerd at `ttrpc_address` listens, or the one for `tenant` there
// (empty: for all): a name in `socket_dir` that nobody else has. `runtime` is the name of our
// program.
std::string SocketPath(std::string_view socket_dir, std::string_view ttrpc_address,
                       std::string_view runtime, std::string_view tenant);

}  // namespace strata::kube::shim
