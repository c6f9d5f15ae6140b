#include "advisor/compare/compare.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "advisor/compare/claims.h"
#include "advisor/compare/measured.h"
#include "advisor/compare/subjects.h"
#include "advisor/compare/values.h"
#include "advisor/facts/facts.h"
#include "advisor/graph/graph.h"
#include "advisor/names.h"
#include "advisor/report/kinds.h"
#include "advisor/report/refusal.h"
#include "base/text/strings.h"
#include "model/values.h"

namespace strata::advisor {
namespace {

using Subjects = std::vector<Subject>;

const Json& Matrices() { return Facts(FactFile::kMatrices); }

bool IsEmpty(const measure::Record& record) { return record.prior.empty() && record.rows.empty(); }

// A section with what is compared as the columns beside the first.
Section SideBySide(std::string id, Text title, const Subjects& subjects) {
  Section section{
      .id = std::move(id), .title = std::move(title), .columns = {{"attribute", {"", ""}}}};
  for (const Subject& subject : subjects) section.columns.push_back({subject.id, subject.label});
  return section;
}

// A row of which `cell` says what each subject has; left out when none has anything.
template <typename CellOf>
void AddRow(Section& section, const Text& label, const Subjects& subjects, const CellOf& cell) {
  std::vector<Cell> row = {TextCell(label)};
  bool any = false;
  for (const Subject& subject : subjects) {
    row.push_back(cell(subject));
    any = any || !row.back().text.empty();
  }
  if (any) section.rows.push_back(std::move(row));
}

Section Definitions(const Subjects& subjects) {
  Section section = SideBySide("definition", {"Definition", "定义"}, subjects);
  const auto facts = [](const Subject& subject) -> const Json& {
    return ConceptOf(subject.concept_id);
  };
  if (std::ranges::any_of(subjects,
                          [](const Subject& each) { return each.id != each.concept_id; })) {
    AddRow(section, {"concept", "概念"}, subjects,
           [&facts](const Subject& subject) { return TextCell(LabelOf(facts(subject))); });
  }
  AddRow(section, {"definition", "定义"}, subjects, [&facts](const Subject& subject) {
    return TextCell(TextOf(facts(subject), "definition"));
  });
  AddRow(section, {"Wikipedia", "维基百科"}, subjects, [&facts](const Subject& subject) {
    return TextCell(TextOf(facts(subject).at("wiki_definition"), "paraphrase"));
  });
  AddRow(section, {"abstraction", "抽象层"}, subjects, [&facts](const Subject& subject) {
    return TextCell(LabelOf(facts(subject).at("abstraction_layer")));
  });
  AddRow(section, {"technologies", "典型技术"}, subjects, [&facts](const Subject& subject) {
    std::vector<std::string> names;
    for (const Json& each : facts(subject).at("technologies")) names.push_back(each.at("name"));
    return WordCell(Listed(names));
  });
  AddRow(section, {"domains", "技术领域"}, subjects, [&facts](const Subject& subject) {
    Text text;
    for (const Json& each : facts(subject).at("domains")) {
      text = Join(text, "; ", Join(LabelOf(each), ": ", TextOf(each, "description")));
    }
    return TextCell(std::move(text));
  });
  for (const Subject& subject : subjects) {
    section.sources.push_back(facts(subject).at("source"));
    for (const Json& technology : facts(subject).at("technologies")) {
      if (!technology.contains("note")) continue;
      section.notes.push_back(Join(LabelOf(technology), ": ", TextOf(technology, "note")));
    }
  }
  return section;
}

// Attributes of all concepts, in the order of the first that has each.
Section Attributes(const Subjects& subjects) {
  Section section = SideBySide("attributes", {"Attributes", "属性"}, subjects);
  std::set<std::string> seen;
  for (const Subject& first : subjects) {
    for (const Json& attribute : ConceptOf(first.concept_id).at("attributes")) {
      const std::string id = attribute.at("id");
      if (!seen.insert(id).second) continue;
      AddRow(section, LabelOf(attribute), subjects, [&id](const Subject& subject) {
        const Json* own = FindFact(ConceptOf(subject.concept_id).at("attributes"), id);
        if (own == nullptr) return NoCell();
        return TextCell(Join(TextOf(*own, "description"), "; ", TextOf(*own, "typical")));
      });
    }
  }
  for (const Subject& subject : subjects) {
    for (const Json& attribute : ConceptOf(subject.concept_id).at("attributes")) {
      if (!attribute.contains("note")) continue;
      section.notes.push_back(Join(subject.label, ": ", TextOf(attribute, "note")));
    }
  }
  return section;
}

Section MatrixSection(const Json& matrix, const Subjects& subjects) {
  Section section = SideBySide(matrix.at("id"), LabelOf(matrix), subjects);
  for (const Json& column : matrix.at("columns")) {
    const std::string key = column.at("key");
    AddRow(section, LabelOf(column), subjects, [&matrix, &key](const Subject& subject) {
      return ValueCell(matrix.at("rows").at(subject.concept_id).at(key));
    });
  }
  for (const char* key : {"reconstruction_note", "note"}) {
    if (matrix.contains(key)) section.notes.push_back(TextOf(matrix, key));
  }
  section.sources = {matrix.at("source").get<std::string>()};
  return section;
}

// The ordering of those alone that are compared.
Json AskedOf(Json ordering, const std::set<std::string>& concepts) {
  Json& order = ordering.at("order");
  const auto others = std::ranges::remove_if(
      order, [&](const Json& id) { return !concepts.contains(id.get<std::string>()); });
  order.erase(others.begin(), others.end());
  return ordering;
}

// "virtualization > containerization".
Text OrderOf(const Json& ordering) {
  const std::string sign = ordering.at("direction") == "ascending" ? " < " : " > ";
  Text text;
  for (const Json& id : ordering.at("order")) text = Join(text, sign, ConceptLabel(id));
  return text;
}

// "sandboxing 3 vs policy engine 2; ...", with `between` where cells say nothing; by their labels.
Text PairsText(const std::vector<OrderPair>& pairs, std::string_view between) {
  Text text;
  for (const OrderPair& each : pairs) {
    const Text left = Join(ConceptLabel(each.left), " ", each.left_says);
    const Text right = Join(ConceptLabel(each.right), " ", each.right_says);
    text = Join(text, "; ", Join(left, each.left_says.empty() ? between : " vs ", right));
  }
  return text;
}

Cell CheckCell(const OrderCheck& check) {
  if (!check.holds)
    return TextCell(Join({"no: ", "不成立："}, "", PairsText(check.violations, "")));
  if (!check.strict)
    return TextCell(Join({"not strictly: ", "非严格："}, "", PairsText(check.ties, " = ")));
  return TextCell({"yes", "成立"});
}

// Whether the cells are in that order; of one without a column of amounts, whether the documents'
// other ordering of the same says so, too.
std::pair<Cell, Cell> OrderCells(const Json& matrix, const Json& ordering) {
  const Json& all = Matrices().at("matrices");
  if (ordering.contains("column")) {
    const Json& of = *FindFact(all, ordering.value("of", matrix.at("id").get<std::string>()));
    return {CheckCell(CheckOrder(of, ordering, Bound::kLeast)),
            CheckCell(CheckOrder(of, ordering, Bound::kMost))};
  }
  const Json& contradicts = ordering.at("contradicts");
  const Json& other = *FindFact(all, contradicts.at("matrix").get_ref<const std::string&>());
  const Json& stated =
      *FindFact(other.at("orderings"), contradicts.at("ordering").get_ref<const std::string&>());
  const auto pairs = Contradictions(ordering, stated);
  if (pairs.empty()) {
    const Cell none = TextCell({"no amounts in the cells", "单元格无可比的量"});
    return {none, none};
  }
  const std::string source = other.at("source");
  const Cell cell = TextCell(Join({"no amounts in the cells; the other way in " + source + ": ",
                                   "单元格无可比的量；" + source + " 次序相反："},
                                  "", PairsText(pairs, ", ")));
  return {cell, cell};
}

// What is said of two or more of them under the tables, and whether the tables bear it out.
Section Orderings(const std::vector<const Json*>& matrices, const std::set<std::string>& concepts) {
  Section section{.id = "orderings",
                  .title = {"Stated orderings, against the cells", "文档陈述的排序（与表格核对）"},
                  .columns = {{"dimension", {"dimension", "维度"}},
                              {"ordering", {"ordering", "排序"}},
                              {"order", {"order", "次序"}},
                              {"by_least", {"by lower bounds", "按下限"}},
                              {"by_most", {"by upper bounds", "按上限"}},
                              {"note", {"note", "说明"}}}};
  for (const Json* matrix : matrices) {
    if (!matrix->contains("orderings")) continue;
    for (const Json& whole : matrix->at("orderings")) {
      const Json ordering = AskedOf(whole, concepts);
      const Text order = OrderOf(ordering);
      if (order.empty()) continue;
      auto [least, most] = OrderCells(*matrix, ordering);
      section.rows.push_back({KindCell(matrix->at("id").get<std::string>()),
                              TextCell({ordering.at("statement"), ordering.at("zh")}),
                              TextCell(order), std::move(least), std::move(most),
                              TextCell(TextOf(ordering, "note"))});
    }
  }
  return section;
}

Text NamesOf(const Json& best) {
  Text text;
  for (const Json& each : best) text = Join(text, ", ", ConceptLabel(each));
  return text;
}

// What the stars say of a statement; of one that is about no stars what the facts found.
Cell BorneOut(const Json& matrix, const Json& statement) {
  if (!statement.contains("check_against_cells")) {
    if (!statement.contains("holds")) return TextCell({"not checked", "未核对"});
    return TextCell(statement.at("holds") ? Text{"yes", "成立"} : Text{"no", "不成立"});
  }
  const BestCheck check = CheckBest(matrix, statement);
  if (check.strict) return TextCell({"yes", "成立"});
  const Text others = NamesOf(Json(check.others));
  if (!check.holds) return TextCell(Join({"no: ", "不成立："}, "", others));
  return TextCell(Join({"not strictly: ", "非严格："}, "", others));
}

// "Best suited for ..." statements that name one of them, or all.
Section Statements(const std::vector<const Json*>& matrices,
                   const std::set<std::string>& concepts) {
  Section section{.id = "statements",
                  .title = {"Statements", "文档结论"},
                  .columns = {{"dimension", {"dimension", "维度"}},
                              {"statement", {"statement", "结论"}},
                              {"named", {"named", "所指"}},
                              {"holds", {"borne out", "是否成立"}}}};
  for (const Json* matrix : matrices) {
    if (!matrix->contains("statements")) continue;
    for (const Json& statement : matrix->at("statements")) {
      const Json best = statement.value("best", Json::array());
      const bool ours = std::ranges::any_of(
          best, [&concepts](const Json& id) { return concepts.contains(id.get<std::string>()); });
      // Some name technologies, some all concepts: those are for everybody.
      const bool names_concepts = std::ranges::any_of(best, [](const Json& id) {
        return FindFact(Facts(FactFile::kConcepts).at("concepts"), id.get<std::string>()) !=
               nullptr;
      });
      if (names_concepts && !ours) continue;
      section.rows.push_back({KindCell(matrix->at("id").get<std::string>()),
                              TextCell({statement.at("statement"), statement.at("zh")}),
                              TextCell(NamesOf(best)), BorneOut(*matrix, statement)});
      if (statement.contains("note")) section.notes.push_back(TextOf(statement, "note"));
    }
  }
  return section;
}

Section Needs(const Subjects& subjects) {
  const Json& matrix = Matrices().at("decision_matrix");
  Section section = SideBySide("needs", LabelOf(matrix), subjects);
  for (const Json& need : matrix.at("needs")) {
    AddRow(section, LabelOf(need), subjects, [&need](const Subject& subject) {
      return ValueCell({{"stars", need.at("stars").at(subject.concept_id)}});
    });
  }
  section.notes = {TextOf(matrix, "usage")};
  section.sources = {matrix.at("source").get<std::string>()};
  return section;
}

struct Relations {
  Section section{.id = "relations",
                  .title = {"Relations", "关系"},
                  .columns = {{"kind", {"kind", "类别"}},
                              {"text", {"relation", "关系"}},
                              {"source", {"source", "出处"}}}};

  void Add(const Json& of, const Text& kind, Text text) {
    section.rows.push_back(
        {TextCell(kind), TextCell(std::move(text)), WordCell(of.at("source").get<std::string>())});
  }
};

void AddHierarchy(const std::set<std::string>& concepts, Relations& to) {
  const Json& hierarchy = Matrices().at("relations").at("hierarchy");
  for (const Json& row : hierarchy.at("bottom_to_top")) {
    if (!row.contains("runs_on") || !concepts.contains(row.at("concept").get<std::string>()))
      continue;
    Text below;
    for (const Json& id : row.at("runs_on")) below = Join(below, ", ", ConceptLabel(id));
    const Text is = Join(ConceptLabel(row.at("concept")), ": ", TextOf(row, "abstraction"));
    to.Add(hierarchy, {"hierarchy", "层级"},
           Join(is, "; ", Join(TextOf(row, "modality"), " ", below)));
    if (row.contains("note")) to.section.notes.push_back(TextOf(row, "note"));
  }
}

// Compositions of two that are compared; of one alone, all that it is part of. What all have in
// common goes with them.
void AddCompositions(const std::set<std::string>& concepts, Relations& to) {
  const Json& compositions = Matrices().at("relations").at("compositions");
  bool any = false;
  for (const Json& pattern : compositions.at("patterns")) {
    const auto inside = std::ranges::count_if(pattern.at("concepts"), [&concepts](const Json& id) {
      return concepts.contains(id.get<std::string>());
    });
    if (inside < (concepts.size() > 1 ? 2 : 1)) continue;
    to.Add(compositions, {"composition", "组合"}, {pattern.at("example"), pattern.at("zh")});
    any = true;
  }
  if (!any) return;
  for (const Json& each : compositions.at("benefits")) {
    to.Add(compositions, {"benefit of composition", "组合的收益"}, LabelOf(each));
  }
}

void AddDependenciesAndEvolution(const std::set<std::string>& concepts, Relations& to) {
  const Json& relations = Matrices().at("relations");
  for (const Json& row : relations.at("dependencies").at("rows")) {
    if (!concepts.contains(row.at("concept").get<std::string>())) continue;
    const Text on = Join(TextOf(row, "depends_on"), "; ", {row.at("explanation"), row.at("zh")});
    to.Add(relations.at("dependencies"), {"dependency", "依赖"},
           Join(ConceptLabel(row.at("concept")), " → ", on));
  }
  for (const Json& row : relations.at("evolution").at("timeline")) {
    if (!concepts.contains(row.at("concept").get<std::string>())) continue;
    const Text text{row.at("period").get<std::string>() + ": " +
                        ConceptLabel(row.at("concept")).en + " (" + ListOf(row.at("technologies")) +
                        ")",
                    row.at("zh")};
    to.Add(relations.at("evolution"), {"evolution", "演进"}, text);
  }
  if (concepts.contains("service_mesh") || concepts.contains("policy_engine")) {
    to.section.notes.push_back(TextOf(relations.at("evolution"), "note"));
  }
  for (const Json& driver : relations.at("evolution").at("drivers")) {
    const Json& ends = driver.at("to");
    const bool ours =
        ends.is_array()
            ? std::ranges::any_of(ends,
                                  [&](const Json& id) {
                                    return concepts.contains(id.get_ref<const std::string&>());
                                  })
            : concepts.contains(ends.get_ref<const std::string&>());
    if (ours) to.Add(relations.at("evolution"), {"driver", "驱动力"}, LabelOf(driver));
  }
}

Section RelationsOf(const std::set<std::string>& concepts) {
  Relations relations;
  AddHierarchy(concepts, relations);
  AddCompositions(concepts, relations);
  AddDependenciesAndEvolution(concepts, relations);
  return std::move(relations.section);
}

Section References(const Subjects& subjects) {
  Section section{
      .id = "references",
      .title = {"References", "参考"},
      .columns = {
          {"of", {"of", "所属"}}, {"title", {"title", "标题"}}, {"url", {"address", "网址"}}}};
  std::set<std::string> seen;
  for (const Subject& subject : subjects) {
    if (!seen.insert(subject.concept_id).second) continue;
    for (const Json& each : ConceptOf(subject.concept_id).at("references")) {
      section.rows.push_back({TextCell(ConceptLabel(subject.concept_id)), TextCell(LabelOf(each)),
                              WordCell(each.at("url").get<std::string>())});
    }
  }
  return section;
}

Result<std::vector<const Json*>> MatricesOf(const std::vector<std::string>& dimensions) {
  const Json& all = Matrices().at("matrices");
  std::vector<const Json*> matrices;
  if (dimensions.empty()) {
    for (const Json& matrix : all) matrices.push_back(&matrix);
    return matrices;
  }
  Names names("dimension");
  names.AddAll(Matrices().at("dimensions").at("dimensions"));
  names.AddAll(all);
  for (const std::string& dimension : dimensions) {
    const auto id = names.Find(dimension);
    if (!id) return std::unexpected(id.error());
    const Json* matrix = FindFact(all, *id);
    if (std::ranges::find(matrices, matrix) == matrices.end()) matrices.push_back(matrix);
  }
  return matrices;
}

Result<Report> CompareConcepts(const Subjects& subjects, const CompareQuestion& question) {
  const auto matrices = MatricesOf(question.dimensions);
  if (!matrices) return std::unexpected(matrices.error());
  std::set<std::string> concepts;
  Text title;
  for (const Subject& subject : subjects) {
    concepts.insert(subject.concept_id);
    title = Join(title, ", ", subject.label);
  }
  Report report{.id = "compare", .title = title};
  const bool all = question.dimensions.empty();
  const auto add = [&report](Section section) {
    if (!section.rows.empty()) report.sections.push_back(std::move(section));
  };
  if (all) {
    add(Definitions(subjects));
    add(Attributes(subjects));
  }
  for (const Json* matrix : *matrices) add(MatrixSection(*matrix, subjects));
  add(Orderings(*matrices, concepts));
  add(Statements(*matrices, concepts));
  std::vector<std::string> dimensions;
  if (!all) {
    for (const Json* matrix : *matrices) dimensions.push_back(matrix->at("id"));
  }
  add(MeasuredSection(subjects, question.record, dimensions));
  if (all) {
    add(Needs(subjects));
    add(RelationsOf(concepts));
    add(References(subjects));
  }
  if (IsEmpty(question.record)) report.notes.push_back(kHowToMeasure);
  return report;
}

const Json* TechnologyRow(const char* table, const std::string& id) {
  return FindFact(Facts(FactFile::kVersions).at(table), id);
}

Section TechnologyAttributes(const Subjects& subjects) {
  Section section = SideBySide("attributes", {"Attributes", "属性"}, subjects);
  for (const Json& column : Facts(FactFile::kVersions).at("technology_attribute_columns")) {
    const std::string key = column.at("id");
    AddRow(section, LabelOf(column), subjects, [&key](const Subject& subject) {
      const Json* row = TechnologyRow("technology_attributes", subject.fact);
      if (row == nullptr) return NoCell();
      return row->at(key).is_string() ? TextCell(TextOf(*row, key)) : ValueCell(row->at(key));
    });
  }
  section.sources = {"003 §00.4.1"};
  return section;
}

Section TechnologyPerformance(const Subjects& subjects) {
  Section section = SideBySide("performance", {"Performance", "性能"}, subjects);
  const std::pair<const char*, Text> columns[] = {{"startup", {"start-up", "启动"}},
                                                  {"memory", {"memory", "内存"}},
                                                  {"image", {"image", "镜像"}},
                                                  {"density", {"density", "密度"}}};
  for (const auto& [key, label] : columns) {
    AddRow(section, label, subjects, [key = key](const Subject& subject) {
      const Json* row = TechnologyRow("technology_performance", subject.fact);
      return row == nullptr ? NoCell() : ValueCell(row->at(key));
    });
  }
  section.sources = {"003 §00.7.2"};
  return section;
}

// "Docker uses runc; containerd uses runc", each once: nodes of two diagrams may be called the
// same.
Text InDiagrams(const std::string& id) {
  const Graph& whole = WholeGraph();
  std::vector<Text> said;
  for (const GraphEdge& edge : whole.edges) {
    const GraphNode& from = whole.nodes[edge.from];
    const GraphNode& to = whole.nodes[edge.to];
    if (from.id != id && to.id != id) continue;
    const Text relation = Join(from.label, " ", RelationText(edge.relation));
    Text each = Join(relation, " ", to.label);
    if (std::ranges::find(said, each) == said.end()) said.push_back(std::move(each));
  }
  Text text;
  for (const Text& each : said) text = Join(text, "; ", each);
  return text;
}

Section TechnologyContext(const Subjects& subjects) {
  Section section = SideBySide("context", {"Where it belongs", "所属"}, subjects);
  AddRow(section, {"concept", "概念"}, subjects, [](const Subject& subject) {
    Text text;
    for (const Json& each : Facts(FactFile::kConcepts).at("concepts")) {
      for (const Json& technology : each.at("technologies")) {
        if (Lower(technology.at("name").get<std::string>()) != Lower(subject.label.en)) continue;
        text = Join(text, "; ",
                    Join(LabelOf(each), ": ", {technology.at("description"), technology.at("zh")}));
      }
    }
    return TextCell(std::move(text));
  });
  AddRow(section, {"version", "版本"}, subjects, [](const Subject& subject) {
    const Json* row = FindFact(Facts(FactFile::kVersions).at("versions"), subject.label.en, "tech");
    if (row == nullptr) return NoCell();
    const Text version{row->at("new").get<std::string>(), ""};
    return TextCell(Join(version, "; ", {row->value("features", ""), row->value("zh", "")}));
  });
  AddRow(section, {"solves", "解决"}, subjects, [](const Subject& subject) {
    const Json* row =
        FindFact(Facts(FactFile::kVersions).at("evolution_main_line"), subject.label.en, "label");
    return row == nullptr ? NoCell() : TextCell(TextOf(*row, "solves"));
  });
  AddRow(section, {"in the diagrams", "图中关系"}, subjects,
         [](const Subject& subject) { return TextCell(InDiagrams(subject.fact)); });
  section.sources = {"001 §2", "003 §00.2.2", "004"};
  return section;
}

Report CompareTechnologies(const Subjects& subjects, const measure::Record& record) {
  Report report{.id = "compare"};
  for (const Subject& subject : subjects) report.title = Join(report.title, ", ", subject.label);
  for (Section section : {TechnologyContext(subjects), TechnologyAttributes(subjects),
                          TechnologyPerformance(subjects), MeasuredSection(subjects, record)}) {
    if (!section.rows.empty()) report.sections.push_back(std::move(section));
  }
  const bool measurable = std::ranges::any_of(
      subjects, [](const Subject& subject) { return !subject.classes.empty(); });
  if (measurable && IsEmpty(record)) report.notes.push_back(kHowToMeasure);
  return report;
}

// The tool that the document sketches, and which verb does the same.
Section ToolSection() {
  const Json& tool = Matrices().at("comparison_tool");
  Section section{.id = "tool",
                  .title = {"The document's comparison tool, and the verb that does it",
                            "文档的概念对比工具与对应命令"},
                  .columns = {{"method", {"method", "方法"}},
                              {"does", {"does", "作用"}},
                              {"verb", {"verb", "命令"}}},
                  .sources = {tool.at("source").get<std::string>()}};
  for (const Json& method : tool.at("methods")) {
    const std::string& name = method.at("name").get_ref<const std::string&>();
    section.rows.push_back({WordCell(name), TextCell({method.at("does"), method.at("zh")}),
                            WordCell(name == "compare_concepts" ? "strata compare A B --dimension D"
                                                                : "strata align CONCEPT")});
  }
  return section;
}

Report WhatCanBeCompared() {
  Section section{.id = "subjects",
                  .title = {"What can be compared", "可比较的对象"},
                  .columns = {{"kind", {"kind", "类别"}},
                              {"id", {"name", "标识"}},
                              {"label", {"label", "名称"}},
                              {"concept", {"concept", "概念"}}}};
  const auto add = [&section](const Text& kind, const Subjects& subjects) {
    for (const Subject& subject : subjects) {
      section.rows.push_back(
          {TextCell(kind), WordCell(subject.id), TextCell(subject.label),
           subject.concept_id.empty()
               ? NoCell()
               : TextCell({subject.concept_id, ConceptLabel(subject.concept_id).zh})});
    }
  };
  add({"concept", "概念"}, ConceptSubjects());
  add({"class of this platform", "本平台的类"}, ClassSubjects());
  add({"technology", "技术"}, TechnologySubjects());
  Section dimensions{.id = "dimensions",
                     .title = {"Dimensions", "维度"},
                     .columns = {{"id", {"name", "标识"}},
                                 {"label", {"label", "名称"}},
                                 {"covers", {"covers", "涵盖"}}},
                     .sources = {Matrices().at("dimensions").at("source").get<std::string>()}};
  for (const Json& each : Matrices().at("dimensions").at("dimensions")) {
    dimensions.rows.push_back({WordCell(each.at("id").get<std::string>()), TextCell(LabelOf(each)),
                               TextCell({ListOf(each.at("covers")), each.at("covers_zh")})});
  }
  return {.id = "compare",
          .title = {"Comparison", "对比"},
          .sections = {std::move(section), std::move(dimensions), ToolSection()}};
}

// Of a name that both have, the technology is meant beside another one.
bool MakeTechnology(Subject& subject) {
  if (subject.kind == Subject::Kind::kTechnology) return false;
  auto technology = TechnologyCalledAs(subject);
  if (!technology) return false;
  subject = std::move(*technology);
  return true;
}

// The two have no columns in common; which name of the other kind would do: "'container' is the
// counterpart of 'docker'".
std::unexpected<Error> RefusePair(const Subject& one, const Subject& other) {
  std::string text = Say(Refusal::kNothingInCommon, {one.id, other.id});
  for (const Subject& subject : {one, other}) {
    for (const model::Class each : subject.classes) {
      const bool technology = subject.kind == Subject::Kind::kTechnology;
      const std::string like(technology ? model::ClassName(each) : TechnologyOf(each));
      if (!like.empty()) text = Say(Refusal::kCounterpart, {text, like, subject.id});
    }
  }
  return Fail(Errc::kInvalidArgument, std::move(text));
}

}  // namespace

Result<Report> Compare(const CompareQuestion& question) {
  if (question.subjects.empty()) {
    if (question.dimensions.empty()) return WhatCanBeCompared();
    return Refuse(Errc::kInvalidArgument, Refusal::kNoSubjects, {});
  }
  Subjects subjects;
  for (const std::string& name : question.subjects) {
    auto subject = FindSubject(name);
    if (!subject) return std::unexpected(std::move(subject).error());
    if (std::ranges::find(subjects, subject->id, &Subject::id) != subjects.end()) {
      return Refuse(Errc::kInvalidArgument, Refusal::kTwice, {name});
    }
    if (!subjects.empty() && subjects.front().kind != subject->kind &&
        !MakeTechnology(subjects.front()) && !MakeTechnology(*subject)) {
      return RefusePair(subjects.front(), *subject);
    }
    subjects.push_back(std::move(*subject));
  }
  if (subjects.front().kind == Subject::Kind::kConcept) return CompareConcepts(subjects, question);
  if (!question.dimensions.empty()) {
    return Refuse(Errc::kInvalidArgument, Refusal::kDimensionsOfConcepts, {});
  }
  return CompareTechnologies(subjects, question.record);
}

}  // namespace strata::advisor
