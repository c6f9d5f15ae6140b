#include "model/manifest/crd.h"

#include <cstddef>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text/json.h"
#include "model/manifest/diagnostic.h"
#include "model/manifest/manifest.h"
#include "model/resource.h"
#include "model/rules.h"
#include "model/schema/forms.h"

namespace strata::model {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Json SpecOf(Kind kind) {
  const Json definition = CustomResourceDefinition(kind);
  return definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
}

std::string TextOf(std::string_view name) {
  std::ifstream file(std::string(STRATA_TREE) + "/" + std::string(name));
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(CrdTest, WhatIsCommittedIsWhatIsMade) {
  EXPECT_EQ(TextOf("deploy/kubernetes/chart/crds/crds.yaml"), CustomResourceDefinitions())
      << "run: strata crds > deploy/kubernetes/chart/crds/crds.yaml";
}

TEST(CrdTest, HasTheFieldsOfTheManifest) {
  const Json limits = SpecOf(Kind::kFunction)["properties"]["limits"];
  Json memory = limits["properties"]["memory_mib"];
  memory.erase("description");
  EXPECT_EQ(memory,
            (Json{{"type", "integer"}, {"format", "int64"}, {"minimum", 1}, {"maximum", 4096}}));
  const Json classes = SpecOf(Kind::kService)["properties"]["class"]["enum"];
  EXPECT_THAT(classes, Contains("wasm"));
  EXPECT_THAT(classes, Contains("auto"));
  EXPECT_THAT(SpecOf(Kind::kRoute)["required"], Contains("path"));
}

// As `kubectl explain` shows it; that no field lacks one is checked where they are made.
TEST(CrdTest, SaysWhatFieldsMean) {
  const Json service = SpecOf(Kind::kService)["properties"];
  EXPECT_EQ(service["port"]["description"], "Where its program listens; in `PORT`, too");
  EXPECT_EQ(service["limits"]["properties"]["timeout_ms"]["description"],
            "Time of a call, waiting included");
  const Json& readiness = service["health"]["properties"]["readiness"]["properties"];
  EXPECT_EQ(readiness["tcpSocket"]["description"], "Well: a connection is accepted");
  const Json& trigger = service["triggers"]["items"]["properties"]["http"]["properties"];
  EXPECT_EQ(trigger["path"]["description"],
            SpecOf(Kind::kRoute)["properties"]["path"]["description"]);
}

// Kubernetes takes a schema as structural only if every part of it has one type, and a list that
// is a map only if its keys are always there.
void ExpectStructural(const Json& schema, const std::string& at) {
  ASSERT_TRUE(schema.contains("type")) << at;
  if (schema["type"] == "array") {
    ASSERT_TRUE(schema.contains("items")) << at;
    ExpectStructural(schema["items"], at + "[]");
    const Json keys = schema.value("x-kubernetes-list-map-keys", Json::array());
    for (const Json& key : keys) {
      EXPECT_THAT(schema["items"]["required"], Contains(key)) << at;
    }
  }
  if (schema["type"] != "object") return;
  const Json properties = schema.value("properties", Json::object());
  for (const auto& [name, property] : properties.items()) {
    ExpectStructural(property, at + "." + name);
  }
  if (schema.contains("additionalProperties")) {
    ExpectStructural(schema["additionalProperties"], at + ".*");
  }
}

TEST(CrdTest, IsStructural) {
  for (const Kind kind : {Kind::kFunction, Kind::kService, Kind::kRoute}) {
    ExpectStructural(SpecOf(kind), std::string(KindName(kind)));
  }
}

TEST(CrdTest, RulesOfAnInnerObjectAreThoseOfTheOuterOne) {
  const Json rules = SpecOf(Kind::kService)["x-kubernetes-validations"];
  std::vector<std::string> fields;
  for (const Json& rule : rules) fields.push_back(rule.value("fieldPath", ""));
  EXPECT_THAT(fields, Contains(".variants"));  // a workload's
  EXPECT_THAT(fields, Contains(".scale"));     // a service's
}

TEST(CrdTest, WhatAClusterAcceptsIsAccepted) {
  const auto manifests = ReadManifests(TextOf("tests/kube/cluster/accepted.yaml"), "accepted.yaml");
  EXPECT_THAT(manifests.problems, IsEmpty());
  EXPECT_THAT(manifests.resources, SizeIs(4));
}

TEST(CrdTest, WhatAClusterRefusesIsRefusedForTheSameField) {
  constexpr std::string_view kBetween = "---\n# ";
  const std::string text = TextOf("tests/kube/cluster/refused.yaml");
  std::size_t at = text.find(kBetween);
  ASSERT_NE(at, std::string::npos);
  while (at != std::string::npos) {
    const std::size_t begin = at + kBetween.size();
    at = text.find(kBetween, begin);
    const std::string one = text.substr(begin, at - begin);
    const std::size_t line = one.find('\n');
    const auto problems = ReadManifests(one.substr(line), "refused.yaml").problems;
    EXPECT_THAT(problems, ElementsAre(Field(&Diagnostic::path, one.substr(0, line)))) << one;
  }
}

struct FormCase {
  const char* label;
  Json form;
  bool (*good)(std::string_view);
  std::vector<std::string> samples;
};

template <Problem (*problem)(std::string_view)>
bool Good(std::string_view text) {
  return !problem(text);
}
template <auto normalize>
bool GoodNormal(std::string_view text) {
  return normalize(text).has_value();
}

class FormTest : public ::testing::TestWithParam<FormCase> {};

TEST_P(FormTest, AgreesWithItsRule) {
  const FormCase& test = GetParam();
  for (const std::string& sample : test.samples) {
    const std::regex pattern(test.form.value("pattern", ".*"));
    const bool fits = std::regex_match(sample, pattern) &&
                      sample.size() <= test.form["maxLength"].get<std::size_t>() &&
                      sample.size() >= test.form.value("minLength", std::size_t{0});
    EXPECT_EQ(fits, test.good(sample)) << "'" << sample << "'";
  }
}

INSTANTIATE_TEST_SUITE_P(
    Forms, FormTest,
    ::testing::Values(
        FormCase{
            "DnsLabel",
            schema::FormOf(DnsLabelProblem),
            Good<DnsLabelProblem>,
            {"a", "a-b", "", "-a", "a-", "A", "a.b", std::string(63, 'a'), std::string(64, 'a')}},
        FormCase{"Method",
                 schema::FormOf(MethodProblem),
                 Good<MethodProblem>,
                 {"GET", "M-SEARCH", "get", "", "ABCDEFGHIJKL"}},
        FormCase{"HeaderValue",
                 schema::FormOf(HeaderValueProblem),
                 Good<HeaderValueProblem>,
                 {"a", "a b", " a", "a ", "", "\x7f", "~"}},
        FormCase{"RequestPath",
                 schema::FormOf(RequestPathProblem),
                 Good<RequestPathProblem>,
                 {"/", "/a?b", "a", "/a#b", "/a b", "/\x7f"}},
        FormCase{"GuestPath",
                 schema::FormOf(GuestPathProblem),
                 Good<GuestPathProblem>,
                 {"/a", "/a/b", "/", "a", "/a/", "/a//b", ""}},
        FormCase{"DeviceId",
                 schema::FormOf(DeviceIdProblem),
                 Good<DeviceIdProblem>,
                 {"10de:20b0", "10DE:20b0", "10de20b0", ""}},
        FormCase{"HeaderName",
                 schema::FormOf(NormalizeHeaderName),
                 GoodNormal<NormalizeHeaderName>,
                 {"x-user", "X-User", "", "a b", "a:"}},
        FormCase{"Host",
                 schema::FormOf(NormalizeHost),
                 GoodNormal<NormalizeHost>,
                 {"*", "a.example", "A.example", "*.example", "a:80", "", "a..b", "-a"}},
        FormCase{"Path",
                 schema::FormOf(NormalizePath),
                 GoodNormal<NormalizePath>,
                 {"/", "/a/b", "/a/", "a", "/a?b", "/a#b", "/a\\b", ""}},
        FormCase{"HttpGrant",
                 schema::HttpGrantForm(),
                 GoodNormal<ParseHttpGrant>,
                 {"a.example:443", "a.example", "https://a.example:443", "a:0", "a:080", ":80"}},
        FormCase{"KeepAlive",
                 schema::KeepAliveForm(),
                 [](std::string_view text) { return text == "auto" || ParseKeepAlive(text); },
                 {"auto", "90s", "5m", "500ms", "1h", "1d", "", "-1s", "s", "1.5s"}}),
    [](const auto& info) { return info.param.label; });

}  // namespace
}  // namespace strata::model
