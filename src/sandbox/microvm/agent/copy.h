// sandbox/microvm/agent/copy.h - a file or a directory out of a sandbox and into one, through
// standard streams: what `strata cp` runs inside. It has the rights of the sandbox's programs and
// no others.
//
// Threads: one. All return the exit code; on failure they say why on standard error.
#pragma once

namespace strata::sandbox::microvm::agent {

// ReadOut's exit code when there is a directory.
inline constexpr int kIsDirectory = 21;

// Prints the regular file at `path`.
int ReadOut(const char* path);

// Makes the file at `path` of standard input, with `mode` in octal. Beside it first, then in its
// place: nobody sees half of it.
int WriteIn(const char* path, const char* mode);

// Prints the directory at `path` as a tar stream (base/tree.h); what it leaves out is said on
// standard error.
int PackOut(const char* path);

// Makes the directory `name` in `path`, or `path` if that is no directory yet, of the tar stream on
// standard input.
int UnpackIn(const char* path, const char* name);

}  // namespace strata::sandbox::microvm::agent
