// host/files/memfd.h - sealed memory files: how code and configuration cross process borders
// unchanged.
//
// A sealed memfd cannot be written, shrunk or grown by anybody, for ever, so a receiver that has
// verified the seals may map it and trust that its content stays what it was. It does not say who
// made the content: that takes a channel to a trusted sender, or a MAC.
//
// Thread-safe. Lifetime: a Mapping outlives its descriptor. Errors: as each says, else FailErrno's
// codes. Tested by host/files/memfd_test.cc.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/files/fd.h"
#include "base/result.h"
#include "base/text/byte_view.h"

namespace strata::host {

// An empty, writable, growable memory file that can be sealed. `name` is for people (/proc/*/maps).
Result<Fd> MakeMemfd(const std::string& name);

// Seals for good. kFailedPrecondition: a writable mapping of it still exists; kPermissionDenied: it
// was sealed before.
Result<void> SealMemfd(int fd);

// A sealed memory file that holds `content`.
Result<Fd> MakeSealedMemfd(const std::string& name, ByteView content);

// The same, and it can be executed: a copy of a program that nobody can change, not even whoever
// runs in it. Run it as "/proc/self/fd/<number>".
Result<Fd> MakeSealedProgram(const std::string& name, ByteView content);

// Checks that `fd` is a memory file with all four seals and returns its size. kInvalidArgument: it
// is something else, or a seal is missing. The result stays true as long as `fd` is open.
Result<Bytes> VerifySealedMemfd(int fd);

// A read-only private mapping, unmapped in the destructor. Move-only.
class Mapping {
 public:
  Mapping() = default;
  Mapping(Mapping&& other) noexcept : view_(std::exchange(other.view_, {})) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(view_, other.view_);
    return *this;
  }
  ~Mapping();

  [[nodiscard]] ByteView bytes() const noexcept { return view_; }

 private:
  friend Result<Mapping> MapSealedMemfd(int fd);
  explicit Mapping(ByteView view) noexcept : view_(view) {}
  ByteView view_;
};

// Verifies the seals and maps the whole file. The mapping does not need `fd` any more.
Result<Mapping> MapSealedMemfd(int fd);

}  // namespace strata::host
