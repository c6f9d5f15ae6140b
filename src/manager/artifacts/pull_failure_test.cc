#include "manager/artifacts/pull_failure.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::manager {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A line as skopeo writes it; `message` with its quotes already escaped.
std::string Fatal(const std::string& message) {
  return "time=\"2026-01-02T03:04:05Z\" level=fatal msg=\"" + message + "\"\n";
}

struct Words {
  const char* label;
  const char* message;
  Errc code;
  const char* says;
};
class PullFailureTest : public ::testing::TestWithParam<Words> {};

TEST_P(PullFailureTest, SaysWhatIsWrongAndThenTheWords) {
  const Words& words = GetParam();
  const Error error = PullFailure(PulledFrom::kRegistry, "oci://r/web:1", Fatal(words.message));
  EXPECT_EQ(error.code, words.code) << error.message;
  EXPECT_THAT(error.message, StartsWith("pull oci://r/web:1: "));
  EXPECT_THAT(error.message, HasSubstr(words.says));
  EXPECT_THAT(error.message, EndsWith(" (skopeo: " + std::string(words.message) + ")"));
}

INSTANTIATE_TEST_SUITE_P(
    Registries, PullFailureTest,
    ::testing::Values(
        Words{"NoSuchTag",
              "initializing source docker://r/web:1: reading manifest 1 in r/web: manifest "
              "unknown: manifest unknown",
              Errc::kNotFound, "no such image or tag"},
        Words{"NoCredentials",
              "initializing source docker://r/web:1: unable to retrieve auth token: invalid "
              "username/password: unauthorized: authentication required",
              Errc::kPermissionDenied, "--registry-auth"},
        Words{"NotOurs",
              "initializing source docker://r/web:1: reading manifest 1 in r/web: errors: denied: "
              "requested access to the resource is denied",
              Errc::kPermissionDenied, "--registry-auth"},
        Words{"TooMuch",
              "initializing source docker://r/web:1: reading manifest 1 in r/web: toomanyrequests: "
              "You have reached your pull rate limit.",
              Errc::kResourceExhausted, "try again later"},
        Words{"NoHost",
              "initializing source docker://r/web:1: pinging container registry r: dial tcp: "
              "lookup r on 1.2.3.4:53: no such host",
              Errc::kUnavailable, "DNS"},
        Words{"NobodyListens",
              "pinging container registry r: dial tcp 127.0.0.1:1: connect: connection refused",
              Errc::kUnavailable, "whether the registry runs"},
        Words{"NoWay", "pinging container registry r: dial tcp 10.0.0.1:443: i/o timeout",
              Errc::kUnavailable, "NO_PROXY"},
        Words{"PlainHttp",
              "pinging container registry r: http: server gave HTTP response to HTTPS client",
              Errc::kFailedPrecondition, "TLS"},
        Words{"NotTrusted",
              "pinging container registry r: x509: certificate signed by unknown authority",
              Errc::kFailedPrecondition, "SSL_CERT_FILE"},
        Words{"OtherMachine",
              "choosing image instance: no image found in manifest list for architecture amd64, "
              "variant , OS linux",
              Errc::kUnsupported, "linux/amd64"},
        Words{"FullDisk", "writing blob: write /tmp/x: no space left on device",
              Errc::kResourceExhausted, "TMPDIR"},
        Words{"Unknown", "something new", Errc::kUnavailable, "copy failed"}),
    [](const auto& info) { return info.param.label; });

TEST(PullFailureWordsTest, TheLastLineCountsWithoutItsQuotes) {
  const std::string tried = "level=warning msg=\"Failed, retrying: manifest unknown\"\n";
  const Error error = PullFailure(PulledFrom::kRegistry, "oci://r/web:1",
                                  tried + Fatal(R"(Get \"http://r/v2/\": connection refused)"));
  EXPECT_EQ(error.code, Errc::kUnavailable) << error.message;
  EXPECT_THAT(error.message, EndsWith("(skopeo: Get \"http://r/v2/\": connection refused)"));
}

TEST(PullFailureWordsTest, WhatIsNoLineOfItsLogIsSaidAsItIs) {
  const Error error = PullFailure(PulledFrom::kRegistry, "oci://r/web:1", "signal 9");
  EXPECT_EQ(error.code, Errc::kUnavailable);
  EXPECT_THAT(error.message, EndsWith("(skopeo: signal 9)"));
}

TEST(PullFailureWordsTest, AnArchiveIsTheCallersUnlessTheDiskIsFull) {
  const auto failed = [](const std::string& message) {
    return PullFailure(PulledFrom::kArchive, "oci-archive:/tmp/x.tar", Fatal(message));
  };
  EXPECT_EQ(failed("untarring file: archive/tar: invalid tar header").code, Errc::kInvalidArgument);
  EXPECT_EQ(failed("open /x: connection refused").code, Errc::kInvalidArgument);
  EXPECT_EQ(failed("write: no space left on device").code, Errc::kResourceExhausted);
}

}  // namespace
}  // namespace strata::manager
