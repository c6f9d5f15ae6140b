// tls/test_certificates.h - certificate authorities made on the spot, in a folder of their own: for
// tests only.
//
//   TestCa --Issue--> NAME.pem, NAME.key of the folder --> Context::ForServer, ForClient
//
// Valid for an hour and from yesterday on, so a test needs no clock. What OpenSSL refuses here is a
// bug of the test and ends it.
//
// Threads:  one. Lifetime: the files go with the folder, which outlives its CAs.
#pragma once

#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/check.h"
#include "tls/context.h"

namespace strata::tls {

class TestFolder {
 public:
  TestFolder() {
    std::string name = ::testing::TempDir() + "strata_tls.XXXXXX";
    STRATA_CHECK(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::filesystem::path File(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// What a certificate may be used for, in OpenSSL's words; nullptr: anything.
inline constexpr const char* kForServers = "serverAuth";
inline constexpr const char* kForClients = "clientAuth";

class TestCa {
 public:
  TestCa(const TestFolder& folder, const std::string& name) : folder_(folder), name_(name) {
    key_.reset(::EVP_EC_gen("P-256"));
    certificate_ = New(name, key_.get(), std::chrono::hours(1));
    Add(NID_basic_constraints, "critical,CA:TRUE");
    Sign();
    Write(name + ".ca", certificate_.get(), nullptr);
  }

  // Makes NAME.pem and NAME.key, signed by this CA; a server's is for 127.0.0.1 and "box.test".
  Files Issue(const std::string& name, const char* usage, const TestCa& trusts,
              std::chrono::hours valid = std::chrono::hours(1)) {
    const std::unique_ptr<EVP_PKEY, decltype(&::EVP_PKEY_free)> key(::EVP_EC_gen("P-256"),
                                                                    &::EVP_PKEY_free);
    auto own = std::exchange(certificate_, New(name, key.get(), valid));
    ::X509_set_issuer_name(certificate_.get(), ::X509_get_subject_name(own.get()));
    Add(NID_subject_alt_name, "IP:127.0.0.1,DNS:box.test");
    if (usage != nullptr) Add(NID_ext_key_usage, usage);
    Sign();
    Write(name + ".pem", certificate_.get(), nullptr);
    Write(name + ".key", nullptr, key.get());
    certificate_ = std::move(own);
    return {folder_.File(name + ".pem"), folder_.File(name + ".key"), trusts.file()};
  }

  [[nodiscard]] std::filesystem::path file() const { return folder_.File(name_ + ".ca"); }

 private:
  struct Free {
    void operator()(X509* it) const { ::X509_free(it); }
    void operator()(EVP_PKEY* it) const { ::EVP_PKEY_free(it); }
  };
  using Certificate = std::unique_ptr<X509, Free>;

  static Certificate New(const std::string& name, EVP_PKEY* key, std::chrono::hours valid) {
    static long serial = 0;
    Certificate made(::X509_new());
    ::X509_set_version(made.get(), X509_VERSION_3);
    ::ASN1_INTEGER_set(::X509_get_serialNumber(made.get()), ++serial);
    const long seconds = std::chrono::seconds(valid).count();
    ::X509_gmtime_adj(::X509_getm_notBefore(made.get()), -24L * 3600);
    ::X509_gmtime_adj(::X509_getm_notAfter(made.get()), seconds);
    ::X509_set_pubkey(made.get(), key);
    X509_NAME* subject = ::X509_get_subject_name(made.get());
    ::X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(name.data()),
                                 static_cast<int>(name.size()), -1, 0);
    ::X509_set_issuer_name(made.get(), subject);
    return made;
  }

  void Add(int extension, const char* value) {
    X509_EXTENSION* made = ::X509V3_EXT_conf_nid(nullptr, nullptr, extension, value);
    STRATA_CHECK(made != nullptr);
    ::X509_add_ext(certificate_.get(), made, -1);
    ::X509_EXTENSION_free(made);
  }

  void Sign() { STRATA_CHECK(::X509_sign(certificate_.get(), key_.get(), ::EVP_sha256()) != 0); }

  void Write(const std::string& name, X509* certificate, EVP_PKEY* key) const {
    std::FILE* file = std::fopen(folder_.File(name).c_str(), "w");
    STRATA_CHECK(file != nullptr);
    ::fchmod(::fileno(file), 0600);
    if (certificate != nullptr) ::PEM_write_X509(file, certificate);
    if (key != nullptr) ::PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
  }

  const TestFolder& folder_;
  std::string name_;
  std::unique_ptr<EVP_PKEY, Free> key_;
  Certificate certificate_;  // being made, or this CA's own
};

}  // namespace strata::tls
