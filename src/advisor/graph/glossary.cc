#include "advisor/graph/glossary.h"

#include <set>
#include <utility>

#include "advisor/facts/facts.h"
#include "advisor/names.h"
#include "base/text/strings.h"

namespace strata::advisor {
namespace {

const Json& Source() { return Facts(FactFile::kGraph); }

struct Term {
  Text name;
  Text definition;
  std::string source;
  const Json* supporting = nullptr;  // a supporting concept, which has attributes and a relation
  Text group;                        // that it is in
};

// In the order of who says it best: the documents' own concepts, then what supports them, then the
// glossary.
std::vector<Term> AllTerms() {
  std::vector<Term> terms;
  for (const Json& each : Facts(FactFile::kConcepts).at("concepts")) {
    terms.push_back({LabelOf(each), TextOf(each, "definition"), each.at("source")});
  }
  for (const Json& group : Source().at("supporting_concepts")) {
    for (const Json& each : group.at("concepts")) {
      terms.push_back({LabelOf(each),
                       TextOf(each, "definition"),
                       group.at("source"),
                       &each,
                       {group.at("group"), group.at("zh")}});
    }
  }
  for (const Json& each : Source().at("glossary")) {
    terms.push_back({LabelOf(each), TextOf(each, "definition"), each.at("source")});
  }
  return terms;
}

Section EmptyTerms() {
  return {.id = "terms",
          .title = {"Terms", "术语"},
          .columns = {{"term", {"term", "英文"}},
                      {"zh", {"Chinese", "中文"}},
                      {"definition", {"definition", "定义"}},
                      {"source", {"source", "出处"}}}};
}

void AddTerm(Section& to, const Term& term) {
  to.rows.push_back({WordCell(term.name.en), WordCell(term.name.zh), TextCell(term.definition),
                     WordCell(term.source)});
}

Section EmptySupporting() {
  return {.id = "supporting",
          .title = {"Supporting concepts", "支撑概念"},
          .columns = {{"term", {"term", "术语"}},
                      {"group", {"group", "类别"}},
                      {"attributes", {"attributes", "属性"}},
                      {"relation", {"relation", "关系"}}}};
}

void AddSupporting(Section& to, const Term& term) {
  if (term.supporting == nullptr) return;
  const Json& facts = *term.supporting;
  to.rows.push_back({TextCell(term.name), TextCell(term.group),
                     TextCell({ListOf(facts.at("attributes")), facts.at("attributes_zh")}),
                     TextCell(TextOf(facts, "relation"))});
}

// "image (OCI)" and "image" are not the same; case is.
bool IsTerm(const Term& term, const std::string& lower) {
  return Lower(term.name.en) == lower || term.name.zh == lower;
}

bool HasPart(const Term& term, const std::string& lower) {
  return Lower(term.name.en).find(lower) != std::string::npos ||
         Lower(term.name.zh).find(lower) != std::string::npos;
}

Result<std::vector<const Json*>> PathsOf(std::string_view name) {
  std::vector<const Json*> paths;
  const Json& all = Source().at("learning_paths");
  if (name.empty()) {
    for (const Json& path : all) paths.push_back(&path);
    return paths;
  }
  Names names("learning path");
  names.AddAll(all);
  for (const Json& path : all) names.Add(path.at("id"), path.at("learner_level"));
  auto id = names.Find(name);
  if (!id) return std::unexpected(std::move(id).error());
  paths.push_back(FindFact(all, *id));
  return paths;
}

// The English labels of the concepts that were named.
Result<std::set<std::string>> KnownOf(const std::vector<std::string>& words) {
  Names names("concept of the learning paths", "strata graph learn");
  for (const Json& path : Source().at("learning_paths")) {
    for (const Json& stage : path.at("stages")) {
      for (const Json& each : stage.at("concepts")) {
        names.Add(each.at("label"), each.at("label"));
        names.Add(each.at("label"), each.at("zh"));
      }
    }
  }
  std::set<std::string> known;
  for (const std::string& word : words) {
    auto found = names.Find(word);
    if (!found) return std::unexpected(std::move(found).error());
    known.insert(std::move(*found));
  }
  return known;
}

std::string DocumentsOf(const Json& stage) {
  std::vector<std::string> paths;
  for (const Json& each : stage.at("recommended_documents")) paths.push_back(each.at("path"));
  return Listed(paths);
}

Text ConceptsOf(const Json& stage, const std::set<std::string>& without) {
  Text text;
  for (const Json& each : stage.at("concepts")) {
    if (without.contains(each.at("label").get<std::string>())) continue;
    text = Join(text, ", ", LabelOf(each));
  }
  return text;
}

Section PathSection(const Json& path, const std::set<std::string>& known) {
  Section section{.id = path.at("id"),
                  .title = LabelOf(path),
                  .columns = {{"stage", {"stage", "阶段"}},
                              {"goal", {"goal", "目标"}},
                              {"concepts", {"concepts", "概念"}},
                              {"state", {"state", "状态"}},
                              {"documents", {"to read", "阅读"}}},
                  .sources = {path.at("source").get<std::string>()}};
  bool next_found = false;
  for (const Json& stage : path.at("stages")) {
    const Text goal{stage.at("goal"), stage.at("zh")};
    const Text missing = ConceptsOf(stage, known);
    Text state{"known", "已掌握"};
    if (!missing.empty()) {
      state = next_found ? Text{"later", "以后"} : Text{"next", "下一步"};
      if (!next_found) {
        section.notes.push_back(Join(Join({"next", "下一步"}, ": ", goal), ": ", missing));
      }
      next_found = true;
      const auto all = stage.at("concepts").size();
      const auto have = std::ranges::count_if(stage.at("concepts"), [&known](const Json& each) {
        return known.contains(each.at("label").get<std::string>());
      });
      if (have > 0) {
        const std::string count = std::to_string(have);
        state = Join(Join(state, "; ",
                          {count + " of " + std::to_string(all) + " known",
                           "已掌握 " + std::to_string(all) + " 项中的 " + count + " 项"}),
                     "; ", Join({"missing", "尚缺"}, ": ", missing));
      }
    }
    section.rows.push_back({NumberCell(stage.at("stage")), TextCell(goal),
                            TextCell(ConceptsOf(stage, {})), TextCell(state),
                            WordCell(DocumentsOf(stage))});
  }
  if (!next_found) section.notes.push_back({"All of it is known.", "已全部掌握。"});
  return section;
}

bool IsFor(const Json& row, const std::string& lower) {
  return lower.empty() ||
         Lower(row.at("goal").get<std::string>()).find(lower) != std::string::npos ||
         row.at("zh").get<std::string>().find(lower) != std::string::npos ||
         Lower(row.at("doc").get<std::string>()).find(lower) != std::string::npos;
}

// A stage of a learning path is asked for by its goal, which the answer without one lists.
bool IsStageFor(const Json& stage, const std::string& lower) {
  return !lower.empty() && (Lower(stage.at("goal").get<std::string>()).contains(lower) ||
                            stage.at("zh").get<std::string>().contains(lower));
}

Section StagesThatRead(const std::set<std::string>& paths, const std::string& lower) {
  Section section{.id = "stages",
                  .title = {"Stages of learning paths that ask for it", "推荐它的学习阶段"},
                  .columns = {{"path", {"path", "路径"}},
                              {"stage", {"stage", "阶段"}},
                              {"goal", {"goal", "目标"}},
                              {"document", {"document", "文档"}},
                              {"file", {"file", "文件"}}}};
  for (const Json& path : Source().at("learning_paths")) {
    for (const Json& stage : path.at("stages")) {
      for (const Json& document : stage.at("recommended_documents")) {
        const std::string file = document.at("path");
        if (!paths.contains(file) && !IsStageFor(stage, lower)) continue;
        section.rows.push_back({TextCell(LabelOf(path)), NumberCell(stage.at("stage")),
                                TextCell({stage.at("goal"), stage.at("zh")}),
                                WordCell(document.at("doc").get<std::string>()), WordCell(file)});
      }
    }
  }
  return section;
}

void AddStageGoals(Names& to) {
  for (const Json& path : Source().at("learning_paths")) {
    for (const Json& stage : path.at("stages")) {
      to.Add(stage.at("goal"), stage.at("goal"));
      to.Add(stage.at("goal"), stage.at("zh"));
    }
  }
}

// What all facts are from, and which documents those name.
Section SourceDocuments() {
  Section section{.id = "sources",
                  .title = {"What all of this is from", "来源文档"},
                  .columns = {{"id", {"id", "标识"}},
                              {"title", {"title", "标题"}},
                              {"version", {"version", "版本"}},
                              {"updated", {"updated", "更新"}},
                              {"names", {"names", "关联文档"}}}};
  const Json& related = Source().at("related_documents");
  for (const Json& each : Source().at("seed_documents")) {
    const std::string id = each.at("id");
    Text names;
    if (const Json* own = FindFact(related, id, "seed")) {
      for (const Json& doc : own->at("docs")) names = Join(names, "; ", LabelOf(doc));
    }
    section.rows.push_back(
        {WordCell(id), TextCell(LabelOf(each)), TextCell(TextOf(each, "version")),
         WordCell(each.at("updated").get<std::string>()), TextCell(std::move(names))});
    for (const Json& part : each.value("parts", Json::array())) {
      section.rows.push_back({WordCell(id + " " + part.at("id").get<std::string>()),
                              TextCell(LabelOf(part)), NoCell(), NoCell(), NoCell()});
    }
  }
  return section;
}

Section PartsOfTheApplicationView() {
  const Json& index = Source().at("document_index");
  Section section{.id = "parts",
                  .title = {"Parts of the application perspective", "应用视角文档结构"},
                  .columns = {{"order", {"order", "序号"}},
                              {"title", {"title", "标题"}},
                              {"starred", {"starred", "星标"}},
                              {"contents", {"contents", "内容"}}},
                  .notes = {TextOf(index, "note")},
                  .sources = {index.at("source").get<std::string>()}};
  for (const Json& each : index.at("documents")) {
    const bool starred = each.value("starred", false);
    section.rows.push_back(
        {NumberCell(each.at("order")),
         TextCell(LabelOf(each)),
         {YesOrNo(starred), starred},
         TextCell({ListOf(each.at("contents")), ListOf(each.at("contents_zh"))})});
  }
  const auto add = [&index, &section](const Text& what, const char* key) {
    Text all;
    for (const Json& each : index.at(key)) all = Join(all, "; ", LabelOf(each));
    section.notes.push_back(Join(what, ": ", all));
  };
  add({"themes", "主题"}, "themes");
  add({"enhancements", "增强内容"}, "enhancements");
  return section;
}

}  // namespace

Section Definitions(std::string_view term) {
  Section section = EmptyTerms();
  section.id = "definitions";
  section.title = {"Definitions", "定义"};
  const std::string lower = Lower(term);
  for (const Term& each : AllTerms()) {
    if (IsTerm(each, lower)) AddTerm(section, each);
  }
  return section;
}

Result<Report> Glossary(std::string_view term) {
  const std::string lower = Lower(term);
  Section section = EmptyTerms();
  Section supporting = EmptySupporting();
  Names names("term", "strata graph term");
  for (const Term& each : AllTerms()) {
    names.Add(each.name.en, each.name.en);
    names.Add(each.name.en, each.name.zh);
    if (!HasPart(each, lower)) continue;
    AddTerm(section, each);
    AddSupporting(supporting, each);
  }
  if (section.rows.empty()) {
    auto found = names.Find(term);  // "service-mesh" is written in another way only
    if (!found) return std::unexpected(std::move(found).error());
    return Glossary(*found);
  }
  Report report{
      .id = "glossary", .title = {"Glossary", "术语表"}, .sections = {std::move(section)}};
  if (!supporting.rows.empty()) report.sections.push_back(std::move(supporting));
  return report;
}

Result<Report> Learning(std::string_view path, const std::vector<std::string>& known) {
  const auto paths = PathsOf(path);
  if (!paths) return std::unexpected(paths.error());
  const auto labels = KnownOf(known);
  if (!labels) return std::unexpected(labels.error());
  Report report{.id = "learning", .title = {"Learning paths", "学习路径"}};
  for (const Json* each : *paths) report.sections.push_back(PathSection(*each, *labels));
  return report;
}

Result<Report> Documents(std::string_view goal) {
  const Json& navigation = Source().at("document_navigation");
  Section section{.id = "documents",
                  .title = {"Documents to read", "推荐阅读"},
                  .columns = {{"goal", {"goal", "目标"}},
                              {"document", {"document", "文档"}},
                              {"file", {"file", "文件"}},
                              {"content", {"content", "内容"}}},
                  .notes = {TextOf(navigation, "note")},
                  .sources = {navigation.at("source").get<std::string>()}};
  const std::string lower = Lower(goal);
  Names goals("goal", "strata graph doc");
  std::set<std::string> files;
  for (const Json& row : navigation.at("rows")) {
    goals.Add(row.at("goal"), row.at("goal"));
    goals.Add(row.at("goal"), row.at("zh"));
    if (!IsFor(row, lower)) continue;
    files.insert(row.at("path"));
    section.rows.push_back(
        {TextCell({row.at("goal"), row.at("zh")}), WordCell(row.at("doc").get<std::string>()),
         WordCell(row.at("path").get<std::string>()), TextCell(TextOf(row, "content"))});
  }
  Section stages = StagesThatRead(files, lower);
  if (section.rows.empty() && stages.rows.empty()) {
    AddStageGoals(goals);
    auto found = goals.Find(goal);
    if (!found) return std::unexpected(std::move(found).error());
    return Documents(*found);
  }
  Report report{.id = "documents", .title = {"What to read", "阅读指引"}};
  if (!section.rows.empty()) report.sections.push_back(std::move(section));
  if (!stages.rows.empty()) report.sections.push_back(std::move(stages));
  if (goal.empty()) {
    report.sections.push_back(SourceDocuments());
    report.sections.push_back(PartsOfTheApplicationView());
  }
  return report;
}

}  // namespace strata::advisor
