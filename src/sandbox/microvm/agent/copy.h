// sandbox/microvm/agent/copy.h - a file or a directory out of a sandbox and into one, through
// standard streams: what `strata cp` runs inside. It has the rights of the sandbox's programs and
// no others.
//
//   strata cp --exec--> strata-agent read, write, pack, unpack (verbs.h) --> [ these ]
//
// Threads:  one; blocks. Errors: the exit code, 1 but for kIsDirectory; why is on standard error.
// A failure of WriteIn leaves nothing, one of UnpackIn what was made until then.
// Tested by tests/contract and tests/e2e/exec_test.py.
#pragma once

namespace strata::sandbox::microvm::agent {

// ReadOut's exit code when there is a directory.
inline constexpr int kIsDirectory = 21;

// Prints the regular file at `path`.
int ReadOut(const char* path);

// Makes the file at `path` of standard input, with `mode` in octal. Beside it first, then in its
// place: nobody sees half of it.
int WriteIn(const char* path, const char* mode);

// Prints the directory at `path` as a tar stream (base/files/tree.h); what it leaves out is said on
// standard error.
int PackOut(const char* path);

// Makes the directory `name` in `path`, or `path` if that is no directory yet, of the tar stream on
// standard input.
int UnpackIn(const char* path, const char* name);

}  // namespace strata::sandbox::microvm::agent
