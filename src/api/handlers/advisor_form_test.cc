#include "api/handlers/advisor_form.h"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::api {
namespace {

using testing::HasSubstr;

struct Accepts {
  const char* label;
  const char* header;
  std::optional<Form> form;
};
class AcceptTest : public ::testing::TestWithParam<Accepts> {};

TEST_P(AcceptTest, ChoosesWhatIsAskedForMost) {
  EXPECT_EQ(AcceptedForm(GetParam().header, Subject::kReport), GetParam().form);
}

INSTANTIATE_TEST_SUITE_P(
    Headers, AcceptTest,
    ::testing::Values(Accepts{"Anything", "*/*", Form::kJson},
                      Accepts{"AnyText", "text/*", Form::kTable},
                      Accepts{"One", "text/csv", Form::kCsv},
                      Accepts{"OtherCase", "Text/CSV; charset=utf-8", Form::kCsv},
                      Accepts{"FirstOfEquals", "text/markdown, text/csv", Form::kMarkdown},
                      Accepts{"Weighted", "text/csv;q=0.5, image/svg+xml;q=0.9", Form::kSvg},
                      Accepts{"Browser", "text/html,application/xml;q=0.9,*/*;q=0.8", Form::kJson},
                      Accepts{"NeverThat", "text/csv;q=0", std::nullopt},
                      Accepts{"NotOfReports", "text/vnd.graphviz", std::nullopt},
                      Accepts{"Unknown", "text/html", std::nullopt},
                      Accepts{"Nonsense", ";,;q=,/*", std::nullopt}),
    [](const auto& info) { return info.param.label; });

TEST(AdvisorFormTest, AnAnswerHasTheFormsOfWhatItIs) {
  EXPECT_EQ(AcceptedForm("text/vnd.graphviz", Subject::kGraph), Form::kDot);
  EXPECT_EQ(AcceptedForm("image/svg+xml", Subject::kGraph), Form::kSvg);
  EXPECT_EQ(FormOf("jsonld", Subject::kGraph).value(), Form::kJsonLd);
  EXPECT_EQ(FormOf("jsonld", Subject::kInstallation).value(), Form::kJsonLd);
  EXPECT_EQ(FormOf("yaml", Subject::kManifest).value(), Form::kYaml);
  EXPECT_EQ(AcceptedForm("application/yaml", Subject::kReport), Form::kYaml);
  EXPECT_EQ(AcceptedForm("text/csv", Subject::kManifest), std::nullopt);
  EXPECT_EQ(FormOf("svg", Subject::kManifest).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(AcceptedForm("text/html, */*;q=0.8", Subject::kPage), Form::kHtml);
  EXPECT_EQ(FormOf("json", Subject::kPage).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(DefaultForm(Subject::kPage), Form::kHtml);
  EXPECT_EQ(DefaultForm(Subject::kManifest), Form::kJson);
}

TEST(AdvisorFormTest, WhatOthersNamedIsNotDrawnHere) {
  EXPECT_EQ(AcceptedForm("image/svg+xml", Subject::kInstallation), std::nullopt);
  EXPECT_EQ(FormOf("svg", Subject::kInstallation).error().code, Errc::kInvalidArgument);
}

TEST(AdvisorFormTest, AManifestIsItselfInEitherForm) {
  const AdvisorAnswer answer{.manifest = Json{{"kind", "Function"}, {"spec", {{"on", "yes"}}}}};
  EXPECT_EQ(Render(answer, Form::kJson, advisor::Language::kEnglish).value(),
            "{\"kind\":\"Function\",\"spec\":{\"on\":\"yes\"}}\n");
  EXPECT_EQ(Render(answer, Form::kYaml, advisor::Language::kEnglish).value(),
            "kind: Function\nspec:\n  \"on\": \"yes\"\n");
}

TEST(AdvisorFormTest, WithoutGraphvizAPictureIsRefused) {
  ::setenv("PATH", "/nonexistent", 1);
  const AdvisorAnswer graph{.graph = advisor::Graph{.id = "some"}};
  EXPECT_EQ(Render(graph, Form::kSvg, advisor::Language::kEnglish).error().code,
            Errc::kFailedPrecondition);
}

TEST(AdvisorFormTest, AFormThatIsNotThereIsRefusedWithTheNearest) {
  const auto refused = FormOf("markdwn", Subject::kReport);
  EXPECT_EQ(refused.error().code, Errc::kInvalidArgument);
  EXPECT_THAT(refused.error().message, HasSubstr("did you mean 'markdown'?"));
  EXPECT_THAT(refused.error().message, HasSubstr("(json, yaml, table, markdown, csv, svg)"));
}

TEST(AdvisorFormTest, EveryFormIsRendered) {
  const AdvisorAnswer report{.report = {.id = "example", .title = {"title", "标题"}}};
  EXPECT_THAT(Render(report, Form::kSvg, advisor::Language::kChinese).value(), HasSubstr("<svg"));
  AdvisorAnswer answer = report;
  answer.graph = advisor::Graph{.id = "some"};
  const std::pair<Form, const char*> expected[] = {{Form::kJson, R"("title":"标题")"},
                                                   {Form::kYaml, "title: \"标题\""},
                                                   {Form::kTable, "标题\n"},
                                                   {Form::kMarkdown, "# 标题"},
                                                   {Form::kCsv, ""},
                                                   {Form::kMermaid, "flowchart TB"},
                                                   {Form::kDot, "digraph \"some\""},
                                                   {Form::kJsonLd, "@graph"},
                                                   {Form::kGraphMl, "<graphml"}};
  for (const auto& [form, part] : expected) {
    EXPECT_THAT(Render(answer, form, advisor::Language::kChinese).value(), HasSubstr(part))
        << MediaTypeOf(form);
  }
}

}  // namespace
}  // namespace strata::api
