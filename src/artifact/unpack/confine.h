// artifact/unpack/confine.h - what strata-unpack gives up before it looks at hostile bytes.
//
// It keeps four capabilities (chown, dac_override, fowner, fsetid: a layer has files of several
// owners), one directory (Landlock), and the system calls of reading, writing and making files
// (seccomp). Not protected: its own memory and CPU limits are the caller's; within the layer's
// directory it may do as it likes, which is why nobody else uses that before it has ended.
//
// Threads: one. Errors: FailErrno's codes; fail closed. Tested by tests/e2e/images_test.py.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"

namespace strata::artifact::unpack {

// `directory`: the only one it may work in; none: no file at all.
Result<void> Confine(const std::optional<std::string>& directory);

}  // namespace strata::artifact::unpack
