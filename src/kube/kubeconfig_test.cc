#include "kube/kubeconfig.h"

#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::kube {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// As kubeadm and kubectl write it, with what we have no use for.
constexpr const char* kFile = R"(apiVersion: v1
kind: Config
preferences: {}
current-context: admin@test
contexts:
- name: admin@test
  context: {cluster: test, user: admin}
- name: shop
  context: {cluster: public, user: robot, namespace: shop}
clusters:
- name: test
  cluster:
    certificate-authority-data: Q0E=
    server: https://192.0.2.1:6443
    extensions: [{name: x, extension: {}}]
- name: public
  cluster: {server: 'https://api.example/', certificate-authority: pki/ca.crt}
users:
- name: admin
  user: {client-certificate-data: Q0VSVA==, client-key-data: S0VZ}
- name: robot
  user: {tokenFile: /run/token, token: ''}
)";

std::string Refusal(const std::string& text, std::string_view context = {}) {
  const auto read = ReadKubeconfig(text, "/home/me/.kube/config", context);
  EXPECT_FALSE(read.has_value());
  if (read) return {};
  EXPECT_EQ(read.error().code, Errc::kInvalidArgument);
  return read.error().message;
}

// kFile with `part` as `with`.
std::string With(std::string_view part, std::string_view with) {
  std::string text = kFile;
  const std::size_t at = text.find(part);
  EXPECT_NE(at, std::string::npos) << part;
  return text.replace(at, part.size(), with);
}

TEST(KubeconfigTest, TheCurrentContextSaysWhichClusterAndWhoWeAre) {
  const auto config = ReadKubeconfig(kFile, "/home/me/.kube/config", {});
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->server, "https://192.0.2.1:6443");
  EXPECT_EQ(config->ca.bytes, "CA");
  EXPECT_EQ(config->certificate.bytes, "CERT");
  EXPECT_EQ(config->key.bytes, "KEY");
  EXPECT_TRUE(config->token.empty());
  EXPECT_EQ(config->space, "default");
}

TEST(KubeconfigTest, AnotherContextIsTakenByNameAndPathsBeginAtTheFile) {
  const auto config = ReadKubeconfig(kFile, "/home/me/.kube/config", "shop");
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->server, "https://api.example:443");
  EXPECT_EQ(config->ca.path, "/home/me/.kube/pki/ca.crt");
  EXPECT_EQ(config->token.path, "/run/token");
  EXPECT_TRUE(config->certificate.empty());
  EXPECT_EQ(config->space, "shop");
}

TEST(KubeconfigTest, ATokenIsTakenAsItStandsAndAFileOfOneGoesBefore) {
  auto config =
      ReadKubeconfig(With("tokenFile: /run/token, token: ''", "token: 31415"), "f", "shop");
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->token.bytes, "31415");
  config = ReadKubeconfig(With("token: ''", "token: t"), "f", "shop");
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->token.path, "/run/token");
  EXPECT_EQ(config->token.bytes, "");
}

TEST(KubeconfigTest, APortIsAddedToNamesAndAddressesWithoutOne) {
  for (const auto& [said, taken] :
       {std::pair("https://h:1/", "https://h:1"), std::pair("https://[::1]", "https://[::1]:443"),
        std::pair("https://[::1]:6443", "https://[::1]:6443")}) {
    const auto config =
        ReadKubeconfig(With("'https://api.example/'", "'" + std::string(said) + "'"), "f", "shop");
    ASSERT_TRUE(config.has_value()) << said;
    EXPECT_EQ(config->server, taken);
  }
}

TEST(KubeconfigTest, WhatWouldChangeWhomWeTrustOrWhoWeAreIsRefused) {
  EXPECT_THAT(Refusal(With("tokenFile: /run/token", "exec: {command: aws}"), "shop"),
              HasSubstr("exec: is not supported here; use a client certificate or a token"));
  EXPECT_THAT(Refusal(With("tokenFile: /run/token", "tokenFile: /t, as: root"), "shop"),
              HasSubstr("as: is not supported"));
  EXPECT_THAT(
      Refusal(With("certificate-authority: pki/ca.crt", "insecure-skip-tls-verify: true"), "shop"),
      HasSubstr("nobody would check whose server it is"));
  EXPECT_THAT(Refusal(With("certificate-authority: pki/ca.crt", "proxy-url: http://p"), "shop"),
              HasSubstr("proxy-url: is not supported"));
}

TEST(KubeconfigTest, WhatIsMissingOrWrongIsNamedWithItsPlaceAndNoSecretIsQuoted) {
  EXPECT_THAT(Refusal(kFile, "nowhere"), HasSubstr("no context 'nowhere' in contexts"));
  EXPECT_THAT(Refusal(With("current-context: admin@test\n", "")), HasSubstr("--context"));
  EXPECT_THAT(Refusal(With("cluster: test, user", "cluster: gone, user")),
              HasSubstr("no cluster 'gone' in clusters"));
  EXPECT_THAT(Refusal(With(", client-key-data: S0VZ", "")), HasSubstr("belong together"));
  EXPECT_THAT(Refusal(With("tokenFile: /run/token, ", ""), "shop"),
              HasSubstr("does not say who we are"));
  const std::string wrong = Refusal(With("S0VZ", "secret!"));
  EXPECT_THAT(wrong, HasSubstr("/home/me/.kube/config:20:"));
  EXPECT_THAT(wrong, HasSubstr("client-key-data is not base64"));
  EXPECT_THAT(wrong, Not(HasSubstr("secret!")));
  EXPECT_THAT(wrong, Not(HasSubstr("\n")));
  EXPECT_THAT(Refusal(With("user: {tokenFile: /run/token, token: ''}", "user: s3cret"), "shop"),
              AllOf(HasSubstr("its user must be a map"), Not(HasSubstr("s3cret"))));
  EXPECT_THAT(Refusal(With("client-certificate-data: Q0VSVA==, client-key-data: S0VZ",
                           "client-certificate-data: '', client-key-data: ''")),
              HasSubstr("does not say who we are"));
  EXPECT_THAT(Refusal(""), HasSubstr("no kubeconfig"));
  EXPECT_THAT(Refusal("a: [\n"), HasSubstr("/home/me/.kube/config:"));
  EXPECT_THAT(Refusal("[]"), HasSubstr("map"));
}

}  // namespace
}  // namespace strata::kube
