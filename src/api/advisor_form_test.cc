#include "api/advisor_form.h"

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

TEST(AdvisorFormTest, AGraphHasItsOwnFormsAndNoPicture) {
  EXPECT_EQ(AcceptedForm("text/vnd.graphviz", Subject::kGraph), Form::kDot);
  EXPECT_EQ(AcceptedForm("image/svg+xml", Subject::kGraph), std::nullopt);
  EXPECT_EQ(FormOf("jsonld", Subject::kGraph).value(), Form::kJsonLd);
  EXPECT_EQ(FormOf("svg", Subject::kGraph).error().code, Errc::kInvalidArgument);
}

TEST(AdvisorFormTest, AFormThatIsNotThereIsRefusedWithTheNearest) {
  const auto refused = FormOf("markdwn", Subject::kReport);
  EXPECT_EQ(refused.error().code, Errc::kInvalidArgument);
  EXPECT_THAT(refused.error().message, HasSubstr("did you mean 'markdown'?"));
  EXPECT_THAT(refused.error().message, HasSubstr("(json, table, markdown, csv, svg)"));
}

TEST(AdvisorFormTest, EveryFormIsRendered) {
  AdvisorAnswer answer{.report = {.id = "example", .title = {"title", "标题"}},
                       .graph = advisor::Graph{.id = "some"}};
  const std::pair<Form, const char*> expected[] = {{Form::kJson, R"("title":"标题")"},
                                                   {Form::kTable, "标题\n"},
                                                   {Form::kMarkdown, "# 标题"},
                                                   {Form::kCsv, ""},
                                                   {Form::kSvg, "<svg"},
                                                   {Form::kMermaid, "flowchart TB"},
                                                   {Form::kDot, "digraph \"some\""},
                                                   {Form::kJsonLd, "@graph"},
                                                   {Form::kGraphMl, "<graphml"}};
  for (const auto& [form, part] : expected) {
    EXPECT_THAT(Render(answer, form, advisor::Language::kChinese), HasSubstr(part))
        << MediaTypeOf(form);
  }
}

}  // namespace
}  // namespace strata::api
