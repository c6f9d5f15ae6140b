#include "advisor/compare/subjects.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "advisor/compare/claims.h"
#include "advisor/facts/facts.h"
#include "advisor/graph/graph.h"
#include "advisor/names.h"
#include "base/check.h"
#include "base/text/strings.h"

namespace strata::advisor {
namespace {

const Json& Concepts() { return Facts(FactFile::kConcepts); }

std::string IdOf(const std::string& name) {
  std::string id = Lower(name);
  std::ranges::replace(id, ' ', '_');
  return id;
}

bool IsConcept(const std::string& id) { return FindFact(Concepts().at("concepts"), id) != nullptr; }

// Technologies of the tables first: they have figures. The others have a sentence, a version or
// neighbours in the diagrams.
class Technologies {
 public:
  void Add(const std::string& fact, Text label) {
    const std::string id = IsConcept(fact) ? fact + "_technology" : fact;
    if (!seen_.insert(id).second || !labels_.insert(Lower(label.en)).second) return;
    Subject subject{
        .kind = Subject::Kind::kTechnology, .id = id, .label = std::move(label), .fact = fact};
    for (const model::Class each : model::kClasses) {
      if (TechnologyOf(each) == fact) subject.classes.push_back(each);
    }
    subjects_.push_back(std::move(subject));
  }
  std::vector<Subject> Take() { return std::move(subjects_); }

 private:
  std::set<std::string> seen_;
  std::set<std::string> labels_;
  std::vector<Subject> subjects_;
};

std::vector<Subject> MakeTechnologies() {
  Technologies technologies;
  for (const Json& each : Facts(FactFile::kVersions).at("technology_attributes")) {
    technologies.Add(each.at("id"), LabelOf(each));
  }
  for (const Json& each : Concepts().at("concepts")) {
    for (const Json& technology : each.at("technologies")) {
      const std::string name = technology.at("name");
      technologies.Add(IdOf(name), {name, ""});
    }
  }
  for (const Json& each : Facts(FactFile::kVersions).at("versions")) {
    const std::string name = each.at("tech");
    technologies.Add(IdOf(name), {name, ""});
  }
  for (const GraphNode& node : WholeGraph().nodes) {
    if (node.entity && node.type == "technology") technologies.Add(node.id, node.label);
  }
  return technologies.Take();
}

struct Known {
  std::vector<Subject> all;
  Names names{"concept, class or technology", "strata compare"};
};

Known MakeKnown() {
  Known known{.all = ClassSubjects()};
  for (auto& each : ConceptSubjects()) known.all.push_back(std::move(each));
  for (auto& each : TechnologySubjects()) known.all.push_back(std::move(each));
  for (const Subject& each : known.all) known.names.Add(each.id, each.id);
  for (const Subject& each : known.all) {
    known.names.Add(each.id, each.label.en);
    known.names.Add(each.id, each.label.zh);
    if (each.id == each.concept_id) known.names.AddAliases(ConceptOf(each.id));
  }
  // What else the diagrams call a technology.
  for (const Json& entity : Facts(FactFile::kGraph).at("entities")) {
    const std::string id = entity.at("id");
    if (std::ranges::find(known.all, id, &Subject::id) == known.all.end()) continue;
    known.names.Add(id, LabelOf(entity).en);
    known.names.AddAliases(entity);
  }
  return known;
}

}  // namespace

std::string ConceptOfClass(model::Class sandbox_class) {
  const bool nested = sandbox_class == model::Class::kContainerInMicrovm;
  const std::string name(model::ClassName(nested ? model::Class::kMicrovm : sandbox_class));
  for (const Json& row : Concepts().at("tier_mapping")) {
    const auto classes = row.value("strata_classes", std::vector<std::string>());
    const bool listed = std::ranges::find(classes, name) != classes.end();
    if (listed || row.at("tier") == name) return row.at("concept");
  }
  return "";
}

const Json& ConceptOf(const std::string& id) {
  const Json* found = FindFact(Concepts().at("concepts"), id);
  STRATA_CHECK(found != nullptr);
  return *found;
}

Text ConceptLabel(const std::string& id) {
  static const std::map<std::string, Text> kOthers = {
      {"lightweight_containers", {"lightweight containers", "轻量级容器"}},
      {"physical_hardware", {"physical hardware", "物理硬件"}}};
  if (const Json* known = FindFact(Concepts().at("concepts"), id)) return LabelOf(*known);
  const auto other = kOthers.find(id);
  return other == kOthers.end() ? Text{id, ""} : other->second;
}

std::vector<Subject> ClassSubjects() {
  std::vector<Subject> subjects;
  for (const model::Class each : model::kClasses) {
    const std::string name(model::ClassName(each));
    subjects.push_back(
        {.id = name, .label = {name, ""}, .concept_id = ConceptOfClass(each), .classes = {each}});
  }
  return subjects;
}

std::vector<Subject> ConceptSubjects() {
  std::vector<Subject> subjects;
  for (const Json& each : Concepts().at("concepts")) {
    Subject subject{.id = each.at("id"), .label = LabelOf(each), .concept_id = each.at("id")};
    for (const model::Class in : model::kClasses) {
      if (ConceptOfClass(in) == subject.id) subject.classes.push_back(in);
    }
    subjects.push_back(std::move(subject));
  }
  return subjects;
}

std::vector<Subject> TechnologySubjects() {
  static const std::vector<Subject> all = MakeTechnologies();
  return all;
}

std::optional<Subject> TechnologyCalledAs(const Subject& concept_subject) {
  const std::vector<Subject> all = TechnologySubjects();
  const auto found = std::ranges::find(all, concept_subject.id, &Subject::fact);
  return found == all.end() ? std::nullopt : std::optional(*found);
}

Result<Subject> FindSubject(std::string_view name) {
  static const Known known = MakeKnown();
  const auto found = known.names.Find(name);
  if (!found) return std::unexpected(found.error());
  return *std::ranges::find(known.all, *found, &Subject::id);
}

}  // namespace strata::advisor
