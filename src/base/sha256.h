// base/sha256.h - SHA-256 and HMAC-SHA-256 (OpenSSL), and the comparison that keys need.
//
// Content addresses, cache keys and MACs. The functions never fail: OpenSSL's default provider is
// always there, and running out of memory ends the program.
// Threads: a Sha256 belongs to one; the functions are thread-safe. Tested by base/sha256_test.cc.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/text/byte_view.h"

struct evp_md_ctx_st;  // OpenSSL's EVP_MD_CTX

namespace strata {

using Digest = std::array<std::byte, 32>;

// Hashes a stream. Move-only.
class Sha256 {
 public:
  Sha256();
  void Update(ByteView bytes);
  void Update(std::string_view text) { Update(AsBytes(text)); }

  // The digest of everything so far; nothing may be called after it.
  [[nodiscard]] Digest Finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const noexcept;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

[[nodiscard]] Digest Sha256Of(ByteView bytes);
[[nodiscard]] std::string Sha256Hex(std::string_view text);

[[nodiscard]] Digest HmacSha256(ByteView key, ByteView message);

// Compares in a time that depends on the sizes only, so that an attacker cannot find a MAC byte by
// byte.
[[nodiscard]] bool ConstantTimeEqual(ByteView a, ByteView b) noexcept;

}  // namespace strata
