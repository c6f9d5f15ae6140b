// sandbox/microvm/agent/copy.h - a file out of a sandbox and into one, through standard streams:
// what `strata cp` runs inside. It has the rights of the sandbox's programs and no others.
//
// Threads: one. Both return the exit code; on failure they say why on standard error.
#pragma once

namespace strata::sandbox::microvm::agent {

// Prints the regular file at `path`.
int ReadOut(const char* path);

// Makes the file at `path` of standard input, with `mode` in octal. Beside it first, then in its
// place: nobody sees half of it.
int WriteIn(const char* path, const char* mode);

}  // namespace strata::sandbox::microvm::agent
