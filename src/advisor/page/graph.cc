#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "advisor/facts/facts.h"
#include "advisor/graph/answers.h"
#include "advisor/page/page.h"
#include "advisor/page/parts.h"
#include "advisor/report/html.h"
#include "base/check.h"
#include "base/json.h"

namespace strata::advisor {
namespace {

constexpr std::string_view kFirst = "knowledge_graph";  // the one that is open

// The element of an SVG document: without what is before it, as a page has a type already, and
// without the ids of its elements, as a page has each once. In a text a quote is an entity.
std::string ElementOf(std::string_view document) {
  constexpr std::string_view kId = " id=\"";
  const std::size_t begin = document.find("<svg");
  if (begin == std::string_view::npos) return "";
  std::string element(document.substr(begin));
  for (std::size_t at = element.find(kId); at != std::string::npos; at = element.find(kId, at)) {
    element.erase(at, element.find('"', at + kId.size()) + 1 - at);
  }
  return element;
}

std::string Drawn(const Picture& picture, const std::string& id) {
  return "<figure class=\"diagram\" aria-labelledby=\"" + id + "\">" +
         HtmlScroll(id, "<div lang=\"en\">" + ElementOf(picture.english) +
                            "</div><div lang=\"zh\">" + ElementOf(picture.chinese) + "</div>") +
         "</figure>\n";
}

}  // namespace

std::string GraphPart(const std::map<std::string, Picture>& pictures) {
  std::string part;
  for (const Json& diagram : Facts(FactFile::kGraph).at("diagrams")) {
    const std::string name = diagram.at("id");
    const std::string id = "diagram-" + name;
    const auto answer = Diagram(name);
    STRATA_CHECK(answer);
    part += "<details" + std::string(name == kFirst ? " open" : "") + ">\n<summary>" +
            HtmlHeading(3, id, answer->report.title) + "</summary>\n";
    const auto picture = pictures.find(name);
    if (picture != pictures.end()) part += Drawn(picture->second, id);
    part += SectionsOf(answer->report, id, 4) + "</details>\n";
  }
  return part;
}

}  // namespace strata::advisor
