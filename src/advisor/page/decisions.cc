#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "advisor/page/parts.h"
#include "advisor/recommend/recommend.h"
#include "advisor/report/html.h"
#include "advisor/report/report.h"
#include "advisor/report/text.h"
#include "base/check.h"

namespace strata::advisor {
namespace {

struct Example {
  std::string_view id;
  Text title;
  std::vector<std::pair<std::string_view, std::string_view>> said;
};

// Workloads of which enough is known for every tree to come to an end, each another one.
std::vector<Example> Examples() {
  return {{"tenants",
           {"Code of strangers, many tenants", "多租户、不可信代码"},
           {{"security_requirement", "High"},
            {"performance_class", "balanced"},
            {"latency_ms", "200"},
            {"launches_per_second", "0.5"},
            {"can_refactor", "false"},
            {"second_need", "hardware isolation"},
            {"isolation_score", "0.95"},
            {"rust_ability", "0.2"}}},
          {"edge",
           {"A function at the edge", "边缘函数"},
           {{"security_requirement", "Medium"},
            {"compatibility_requirement", "Low"},
            {"function_type", "true"},
            {"performance_class", "extreme"},
            {"latency_ms", "5"},
            {"launches_per_second", "500"},
            {"can_refactor", "true"},
            {"scenario", "edge"},
            {"second_need", "very low resources"},
            {"isolation_score", "0.85"},
            {"rust_ability", "0.8"}}},
          {"legacy",
           {"A web service as it is", "现有 Web 服务"},
           {{"security_requirement", "Low"},
            {"compatibility_requirement", "Medium"},
            {"function_type", "false"},
            {"performance_class", "balanced"},
            {"latency_ms", "500"},
            {"launches_per_second", "0.01"},
            {"can_refactor", "false"},
            {"scenario", "microservices"},
            {"second_need", "fast deployment"},
            {"isolation_score", "0.5"},
            {"rust_ability", "0.1"}}},
          {"plugin",
           {"Plug-ins of an application, fast and often", "应用插件，高频低延迟"},
           {{"security_requirement", "High"},
            {"compatibility_requirement", "Low"},
            {"function_type", "true"},
            {"performance_class", "extreme"},
            {"latency_ms", "10"},
            {"launches_per_second", "2000"},
            {"can_refactor", "true"},
            {"scenario", "security_sensitive"},
            {"second_need", "hardware isolation"},
            {"isolation_score", "0.9"},
            {"rust_ability", "0.9"}}}};
}

bool IsShown(const std::string& section) {
  return section == "case" || section == "assumptions" || section == "trees" ||
         section == "answer" || section == "disagreements";
}

}  // namespace

std::string DecisionsPart() {
  std::string part;
  for (const Example& example : Examples()) {
    RecommendQuestion question;
    for (const auto& [variable, value] : example.said) {
      const auto said = question.about.Set(variable, value);
      STRATA_CHECK(said);
    }
    const auto answer = Recommend(question);
    STRATA_CHECK(answer);
    const std::string id = "case-" + std::string(example.id);
    part += "<section>\n" + HtmlHeading(3, id, example.title);
    Report shown = answer->report;
    std::erase_if(shown.sections, [](const Section& each) { return !IsShown(each.id); });
    part += SectionsOf(shown, id, 4) + "</section>\n";
  }
  return part;
}

}  // namespace strata::advisor
