// sandbox/microvm/agent/verbs.h - what strata-agent does inside a sandbox as one of its programs:
//
//   dial PORT        joins its standard streams to that port (dial.h)
//   read PATH        prints a file (copy.h)
//   write PATH MODE  makes a file of its standard input
//   pack PATH        prints a directory as a tar stream (copy.h)
//   unpack PATH NAME  makes a directory of the tar stream on its standard input
//   end SESSION SIGNAL  sends it to all processes of that session (session.h)
//   gate PROGRAM...  waits for its call, then becomes it (gate.h)
//
// Threads: one.
#pragma once

#include <optional>

namespace strata::sandbox::microvm::agent {

// `words`: the verb and its arguments, ended by null. The exit code; nothing: it is none of them.
std::optional<int> RunVerb(const char* const* words);

}  // namespace strata::sandbox::microvm::agent
