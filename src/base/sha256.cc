#include "base/sha256.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/check.h"
#include "base/text/hex.h"

namespace strata {
namespace {

// Fetched once: a fetch by name takes OpenSSL 3.0 longer than hashing a kilobyte.
const EVP_MD* Algorithm() {
  static const EVP_MD* const kAlgorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  STRATA_CHECK(kAlgorithm != nullptr);
  return kAlgorithm;
}

unsigned char* Raw(Digest& digest) { return reinterpret_cast<unsigned char*>(digest.data()); }

const unsigned char* Raw(ByteView bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

}  // namespace

void Sha256::Free::operator()(evp_md_ctx_st* context) const noexcept { EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  STRATA_CHECK(context_ && EVP_DigestInit_ex2(context_.get(), Algorithm(), nullptr) == 1);
}

void Sha256::Update(ByteView bytes) {
  STRATA_CHECK(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

Digest Sha256::Finish() {
  Digest digest;
  STRATA_CHECK(EVP_DigestFinal_ex(context_.get(), Raw(digest), nullptr) == 1);
  context_.reset();
  return digest;
}

Digest Sha256Of(ByteView bytes) {
  Sha256 hash;
  hash.Update(bytes);
  return hash.Finish();
}

std::string Sha256Hex(std::string_view text) { return HexEncode(Sha256Of(AsBytes(text))); }

Digest HmacSha256(ByteView key, ByteView message) {
  Digest digest;
  const auto* made = HMAC(Algorithm(), key.data(), static_cast<int>(key.size()), Raw(message),
                          message.size(), Raw(digest), nullptr);
  STRATA_CHECK(made != nullptr);
  return digest;
}

bool ConstantTimeEqual(ByteView a, ByteView b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace strata
