#include "advisor/page/page.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "advisor/compare/measured.h"
#include "advisor/compare/subjects.h"
#include "advisor/measured/report.h"
#include "advisor/models/report.h"
#include "advisor/page/parts.h"
#include "advisor/report/html.h"
#include "advisor/report/report.h"
#include "advisor/report/text.h"
#include "advisor/roadmap.h"
#include "base/check.h"
#include "base/sha256.h"
#include "base/text/base64.h"
#include "base/text/byte_view.h"
#include "measure/record.h"

namespace strata::advisor {
namespace {

struct Choice {
  std::string_view id;
  Text label;
};

const Text kTitle{"Sandboxing technology: claimed, recomputed, measured",
                  "沙盒技术：所称、重算与实测"};

// One of several, which the style sheet looks at.
std::string Radios(std::string_view name, const Text& legend, std::span<const Choice> choices,
                   std::string_view chosen) {
  std::string text = "<fieldset><legend>" + HtmlText(legend) + "</legend>\n";
  for (const Choice& choice : choices) {
    const std::string id = std::string(name) + "-" + std::string(choice.id);
    text += "<input type=\"radio\" name=\"" + std::string(name) + "\" id=\"" + id + "\"" +
            (choice.id == chosen ? " checked" : "") + "><label for=\"" + id + "\">" +
            HtmlText(choice.label) + "</label>\n";
  }
  return text + "</fieldset>\n";
}

std::string Controls(Language language) {
  // A language is called by its own name.
  const Choice languages[] = {{"en", {"English", ""}}, {"zh", {"中文", ""}}};
  const Choice views[] = {{"claimed", {"claimed", "所称"}},
                          {"recomputed", {"recomputed", "重算"}},
                          {"measured", {"measured", "实测"}}};
  const Choice themes[] = {{"auto", {"as the system", "跟随系统"}},
                           {"light", {"light", "浅色"}},
                           {"dark", {"dark", "深色"}}};
  const Choice folds[] = {{"some", {"one by one", "逐个"}}, {"all", {"all open", "全部展开"}}};
  return "<form class=\"controls\" aria-labelledby=\"controls\">\n<h2 id=\"controls\" "
         "class=\"unseen\">" +
         HtmlText({"What is shown", "显示"}) + "</h2>\n" +
         Radios("lang", {"Language", "语言"}, languages, LanguageName(language)) +
         Radios("view", {"Matrices show", "矩阵显示"}, views, "claimed") +
         Radios("fold", {"Details", "详情"}, folds, "some") +
         Radios("theme", {"Colours", "配色"}, themes, "auto") + "</form>\n";
}

struct Part {
  std::string_view id;
  Text title;
  std::string content;
};

// What this is, and what came of it, in numbers.
std::string Introduction() {
  double agree = 0;
  double disagree = 0;
  double unknown = 0;
  const Section models = models::ListModels().sections.front();
  for (const std::vector<Cell>& row : models.rows) {
    agree += row.at(4).value.get<double>();
    disagree += row.at(5).value.get<double>();
    unknown += row.at(6).value.get<double>();
  }
  const std::string all = Figure(agree + disagree + unknown);
  return "<p>" +
         HtmlText(
             {"What five documents of November 2025 say about virtualization, containers, "
              "sandboxes, WebAssembly, service meshes and policy engines. What they say is a "
              "claim: it stands beside what follows from their own tables and formulas, and "
              "beside what was measured on this host.",
              "五份 2025 年 11 月文档关于虚拟化、容器化、沙盒化、WebAssembly、服务网格与策略引擎的"
              "内容。文档所述均为声明：与其自身表格和公式的重算结果、本机实测并列。"}) +
         "</p>\n<p><strong>" +
         HtmlText({"Of the " + all + " claims of " +
                       Figure(static_cast<double>(models.rows.size())) + " models " +
                       Figure(agree) + " follow from the documents' own figures, " +
                       Figure(disagree) + " do not, and " + Figure(unknown) +
                       " cannot be computed from them.",
                   Figure(static_cast<double>(models.rows.size())) + " 个模型共 " + all +
                       " 条声明：" + Figure(agree) + " 条与文档自身数据一致，" + Figure(disagree) +
                       " 条不一致，" + Figure(unknown) + " 条无法由其计算。"}) +
         "</strong></p>\n";
}

std::string Frame(const PageInput& input, std::span<const Part> parts) {
  const std::string style(PageStyle());
  const Digest digest = Sha256Of(AsBytes(style));
  const std::string hash =
      Base64Encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
  std::string page =
      std::string(kPageBegins) + "<html lang=\"" + std::string(LanguageName(input.language)) +
      "\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'sha256-" +
      hash +
      "'; base-uri 'none'; form-action 'none'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"referrer\" content=\"no-referrer\">\n<title>" +
      EscapeHtml(kTitle.In(input.language)) + "</title>\n<style>" + style +
      "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">" +
      HtmlText({"Skip to the content", "跳到正文"}) + "</a>\n<header>\n<h1>" + HtmlText(kTitle) +
      "</h1>\n" + Introduction() + "<nav aria-labelledby=\"contents\">\n" +
      HtmlHeading(2, "contents", {"Contents", "目录"}) + "<ul>\n";
  for (const Part& part : parts) {
    page += "<li><a href=\"#" + std::string(part.id) + "\">" + HtmlText(part.title) + "</a></li>\n";
  }
  page += "</ul>\n</nav>\n</header>\n" + Controls(input.language) + "<main id=\"main\">\n";
  for (const Part& part : parts) {
    page += "<section class=\"part\" aria-labelledby=\"" + std::string(part.id) + "\">\n" +
            HtmlHeading(2, part.id, part.title) + part.content + "</section>\n";
  }
  return page + "</main>\n</body>\n</html>\n";
}

std::string RoadmapPart() {
  const auto roadmap = Roadmap({});
  STRATA_CHECK(roadmap);
  return SectionsOf(*roadmap, "roadmap", 3);
}

}  // namespace

std::string SectionsOf(const Report& report, std::string_view id_prefix, int level) {
  std::string text;
  for (const Section& section : report.sections) {
    text += HtmlSection(section, std::string(id_prefix) + "-" + section.id, level);
  }
  return text + HtmlRemarks(report.notes, report.sources);
}

std::string MeasurementsPart(const measure::Record& record) {
  const auto report = MeasuredReport(record);
  if (report) return SectionsOf(*report, "measure", 3);
  // Without rows: what an older program measured, and how to get them.
  std::string part =
      "<p>" +
      HtmlText({"Nothing was measured on this host, or not by this program. With a server running:",
                "本机尚无（本程序的）测量。先启动服务，再运行："}) +
      "</p>\n<pre><code>strata up -d\nstrata measure --quick --record figures.json\n"
      "strata report --out DIR --record figures.json</code></pre>\n";
  if (record.prior.empty()) return part;
  return part + HtmlSection(MeasuredSection(ConceptSubjects(), record), "measured-claims", 3);
}

std::string MakePage(const PageInput& input) {
  const Part parts[] = {
      {"matrices", {"Comparison matrices", "对比矩阵"}, MatricesPart(input.record)},
      {"measurements", {"Measured here", "本机实测"}, MeasurementsPart(input.record)},
      {"models", {"Models", "模型"}, ModelsPart(input.record)},
      {"decisions", {"Decision trees, for some cases", "决策树与示例"}, DecisionsPart()},
      {"graph", {"Knowledge graph", "知识图谱"}, GraphPart(input.pictures, input.whole)},
      {"roadmap", {"Roadmap", "路线图"}, RoadmapPart()}};
  return Frame(input, parts);
}

}  // namespace strata::advisor
