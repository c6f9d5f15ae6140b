#include "cell/roles/zygote_request.h"

#include <gtest/gtest.h>

namespace strata::cell {
namespace {

TEST(ZygoteRequestTest, WhatIsWrittenIsRead) {
  const ZygoteRequest request{
      .module = "digest",
      .slots = 100,
      .listeners = 2,
      .volumes = {{.fd = -1, .mode = model::DirGrant::Mode::kVolumeReadOnly, .image = "/a:b"}}};
  const auto read = ReadZygoteRequest(ToText(request));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, request);
  EXPECT_EQ(read->descriptors(), 9U);
}

TEST(ZygoteRequestTest, AnythingElseIsRefused) {
  const auto with = [](const char* from, const char* to) {
    std::string text = ToText(ZygoteRequest{.module = "m"});
    const auto at = text.find(from);
    return at == std::string::npos ? std::string() : text.replace(at, std::string(from).size(), to);
  };
  ASSERT_TRUE(ReadZygoteRequest(with("\"m\"", "\"n\"")));
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("[]"), std::string("{}"), with("\"m\"", "1"),
        with("\"slots\":1", "\"slots\":0"), with("\"slots\":1", "\"slots\":1001"),
        with("\"listeners\":0", "\"listeners\":-1"), with("\"listeners\":0", "\"listeners\":3"),
        with("\"volumes\":[]", "\"volumes\":{}"), with("\"volumes\":[]", "\"volumes\":[1]"),
        with("\"volumes\":[]", "\"volumes\":[\"x\"]")}) {
    EXPECT_FALSE(ReadZygoteRequest(text)) << text;
  }
  ZygoteRequest many{.module = "m"};
  many.volumes.resize(250, {.fd = -1, .mode = model::DirGrant::Mode::kVolume, .image = "/"});
  EXPECT_FALSE(ReadZygoteRequest(ToText(many)));
}

TEST(ZygoteRequestTest, AnAnswerIsAPidOrAnError) {
  const auto pid = ReadZygoteAnswer(ToText(Result<pid_t>(17)));
  ASSERT_TRUE(pid);
  EXPECT_EQ(*pid, 17);
  const auto refused =
      ReadZygoteAnswer(ToText(Result<pid_t>(Fail(Errc::kUnsupported, "not here"))));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kUnsupported);
  EXPECT_EQ(refused.error().message, "not here");
  for (const char* text : {"", "{}", "[]", "{\"pid\":0}", "{\"pid\":-1}"}) {
    EXPECT_FALSE(ReadZygoteAnswer(text)) << text;
  }
}

}  // namespace
}  // namespace strata::cell
