// tls/context.h - what one side brings to a TLS connection: its certificate, its key, and the CA
// that must have signed the other side's certificate.
//
//   Files --> [ Context ] --> Stream (one a connection)
//
// The rules are the same on both sides: TLS 1.3 only (all clients are new ones, and its few ciphers
// need no choice of ours), both show a certificate, no session is resumed (each connection proves
// its key again), ALPN says http/1.1. A key must be its owner's alone. A client without files of
// its own shows none: for servers that know it by what it sends, a token; ours refuse it.
//
// What it does not protect: a certificate is good until it expires. There are no revocation lists;
// to shut out a lost key, replace the CA. Files are read once: new ones need a new Context.
//
// Threads: immutable once made. Lifetime: Streams keep what they need of it. Errors: kNotFound and
// other file errors, kInvalidArgument (malformed, or key and certificate do not belong together),
// kFailedPrecondition (the key's mode). Tested by tls/context_test.cc.
#pragma once

#include <filesystem>
#include <memory>

#include "base/result.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace strata::tls {

struct Files {
  std::filesystem::path certificate;  // PEM: our own first, then intermediate ones
  std::filesystem::path key;          // PEM, without a passphrase, mode 0600 or less
  std::filesystem::path ca;           // PEM: who signs the other side's certificates
};

class Context {
 public:
  // Demands of clients a certificate of `files.ca` that may be used for clients.
  static Result<Context> ForServer(const Files& files);

  // Demands of servers one that may be used for servers; Stream checks its name. `files` may have
  // the CA alone.
  static Result<Context> ForClient(const Files& files);

  [[nodiscard]] ssl_ctx_st* get() const noexcept { return context_.get(); }

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const noexcept;
  };
  using Owned = std::unique_ptr<ssl_ctx_st, Free>;

  explicit Context(Owned context) : context_(std::move(context)) {}
  static Result<Owned> Load(const Files& files);

  Owned context_;
};

}  // namespace strata::tls
