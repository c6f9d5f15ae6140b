#include "tls/context.h"

#include <fstream>

#include "tls/test_certificates.h"

namespace strata::tls {
namespace {

class ContextTest : public ::testing::Test {
 protected:
  // The failure of a server's context made of `files`.
  static Error Refusal(const Files& files) {
    auto made = Context::ForServer(files);
    EXPECT_FALSE(made.has_value());
    EXPECT_FALSE(Context::ForClient(files).has_value());
    return made ? Error{} : made.error();
  }

  TestFolder folder_;
  TestCa ca_{folder_, "ca"};
  Files good_ = ca_.Issue("server", kForServers, ca_);
};

TEST_F(ContextTest, GoodFilesMakeBothSides) {
  EXPECT_TRUE(Context::ForServer(good_).has_value());
  EXPECT_TRUE(Context::ForClient(good_).has_value());
}

TEST_F(ContextTest, AClientMayShowNoCertificateAndAServerMayNot) {
  EXPECT_TRUE(Context::ForClient({.ca = good_.ca}).has_value());
  EXPECT_FALSE(Context::ForServer({.ca = good_.ca}).has_value());
  EXPECT_FALSE(Context::ForClient({.certificate = good_.certificate, .ca = good_.ca}).has_value());
  EXPECT_FALSE(Context::ForClient({.key = good_.key, .ca = good_.ca}).has_value());
}

TEST_F(ContextTest, AKeyThatOthersMayReadIsRefusedWithItsMode) {
  for (const mode_t mode : {0640, 0604, 0620}) {
    ASSERT_EQ(::chmod(good_.key.c_str(), mode), 0);
    const Error refusal = Refusal(good_);
    EXPECT_EQ(refusal.code, Errc::kFailedPrecondition);
    EXPECT_NE(refusal.message.find("server.key has mode 06"), std::string::npos) << refusal.message;
    EXPECT_NE(refusal.message.find("chmod 600"), std::string::npos) << refusal.message;
  }
  ASSERT_EQ(::chmod(good_.key.c_str(), 0400), 0);
  EXPECT_TRUE(Context::ForServer(good_).has_value());
}

TEST_F(ContextTest, AFileThatIsMissingIsNamed) {
  for (auto member : {&Files::certificate, &Files::key, &Files::ca}) {
    Files files = good_;
    files.*member = folder_.File("nothing");
    const Error refusal = Refusal(files);
    EXPECT_EQ(refusal.code, Errc::kNotFound);
    EXPECT_NE(refusal.message.find("nothing"), std::string::npos) << refusal.message;
  }
}

TEST_F(ContextTest, AFileThatIsNoPemIsNamed) {
  std::ofstream(folder_.File("noise")) << "noise\n";
  ASSERT_EQ(::chmod(folder_.File("noise").c_str(), 0600), 0);
  for (auto member : {&Files::certificate, &Files::key, &Files::ca}) {
    Files files = good_;
    files.*member = folder_.File("noise");
    const Error refusal = Refusal(files);
    EXPECT_EQ(refusal.code, Errc::kInvalidArgument);
    EXPECT_NE(refusal.message.find("noise"), std::string::npos) << refusal.message;
  }
}

TEST_F(ContextTest, AKeyOfAnotherCertificateIsRefused) {
  Files mixed = good_;
  mixed.key = ca_.Issue("other", kForServers, ca_).key;
  const Error refusal = Refusal(mixed);
  EXPECT_EQ(refusal.code, Errc::kInvalidArgument);
  EXPECT_NE(refusal.message.find("other.key"), std::string::npos) << refusal.message;
}

TEST_F(ContextTest, AKeyWithAPassphraseIsRefusedWithoutAsking) {
  std::FILE* file = std::fopen(folder_.File("locked").c_str(), "w");
  ASSERT_NE(file, nullptr);
  ASSERT_EQ(::fchmod(::fileno(file), 0600), 0);
  EVP_PKEY* key = ::EVP_EC_gen("P-256");
  ASSERT_EQ(
      ::PEM_write_PKCS8PrivateKey(file, key, ::EVP_aes_256_cbc(), "word", 4, nullptr, nullptr), 1);
  ::EVP_PKEY_free(key);
  std::fclose(file);
  Files files = good_;
  files.key = folder_.File("locked");
  const Error refusal = Refusal(files);
  EXPECT_EQ(refusal.code, Errc::kInvalidArgument);
  EXPECT_NE(refusal.message.find("without a passphrase"), std::string::npos) << refusal.message;
}

}  // namespace
}  // namespace strata::tls
