#include "advisor/recommend/recommend.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "advisor/recommend/answer.h"
#include "advisor/recommend/documents/assumptions.h"
#include "advisor/recommend/documents/devices.h"
#include "advisor/recommend/documents/disagreements.h"
#include "advisor/recommend/documents/sources.h"
#include "advisor/recommend/documents/tables.h"
#include "advisor/recommend/documents/trees.h"
#include "advisor/recommend/kept.h"
#include "advisor/recommend/manifest.h"
#include "advisor/report/refusal.h"
#include "base/text/json.h"
#include "base/text/strings.h"
#include "base/text/utf8.h"
#include "model/manifest/yaml_writer.h"
#include "model/resource.h"
#include "model/rules.h"

namespace strata::advisor {
namespace {

using model::Class;

// What is true of every class today (sandbox/devices.h).
Text NoDevice(const std::vector<AskedDevice>& devices) {
  const std::string words = WordsOf(devices);
  return {
      "but no class of this platform hands out a device (" + words +
          "): the platform refuses a manifest that asks for one, and says what each class could do",
      "但本平台尚无类别提供设备（" + words + "）：平台会拒绝请求设备的清单，并说明各类别的可能性"};
}

// Of a program in that class: WASI has no epoll and no io_uring, and the filter of a container's
// system calls refuses io_uring (docs/measure.md).
bool CanUse(const std::string& feature, Class sandbox_class) {
  const bool filtered =
      sandbox_class == Class::kContainer || sandbox_class == Class::kContainerInMicrovm;
  return sandbox_class != Class::kWasm && !(filtered && feature == "io_uring");
}

// What no program in that class can use, and the classes that let it use all that is asked for.
// Empty: it can.
Text NoFeature(const std::vector<std::string>& features, Class sandbox_class) {
  std::vector<std::string> lacking;
  for (const std::string& each : features) {
    if (!CanUse(each, sandbox_class)) lacking.push_back(each);
  }
  if (lacking.empty()) return {};
  std::vector<std::string> others;
  for (const Class each : model::kClasses) {
    const auto can = [each](const std::string& feature) { return CanUse(feature, each); };
    if (std::ranges::all_of(features, can)) others.emplace_back(model::ClassName(each));
  }
  const std::string words = Listed(lacking);
  const std::string in(model::ClassName(sandbox_class));
  return {
      "but a program in " + in + " has no " + words + ": " + Listed(others) + " let it use that",
      "但 " + in + " 中的程序无法使用 " + words + "：" + Listed(others, "、") + " 可以"};
}

Cell ClassCell(const std::optional<Class>& sandbox_class) {
  return sandbox_class ? WordCell(model::ClassName(*sandbox_class)) : NoCell();
}

// "yes: latency_ms = 50".
Text ShowStep(const Step& step) {
  Text shown = Join(step.question, " ", step.answer);
  if (!step.because.empty())
    shown = Join(shown, " ", Join(Join({"(", ""}, "", step.because), "", {")", ""}));
  return shown;
}

Section CaseSection(const Case& about) {
  Section section{.id = "case",
                  .title = {"What is known", "已知条件"},
                  .columns = {{"variable", {"variable", "变量"}},
                              {"label", {"is", "含义"}},
                              {"value", {"value", "取值"}},
                              {"from", {"from", "来自"}}}};
  for (const Variable& variable : Variables()) {
    const auto known = about.Find(variable.id);
    if (!known) continue;
    section.rows.push_back(
        {WordCell(variable.id),
         TextCell(variable.label),
         {{ShowValue(known->value), ""}, known->value},
         known->from.empty() ? TextCell({"said", "给定"}) : WordCell(known->from)});
  }
  return section;
}

Section TreesSection(const std::vector<Walk>& walks) {
  Section section{.id = "trees",
                  .title = {"What each tree comes to", "各决策树的结论"},
                  .columns = {{"tree", {"tree", "决策树"}},
                              {"path", {"path", "路径"}},
                              {"outcome", {"outcome", "结论"}},
                              {"class", {"class", "类别"}},
                              {"then", {"then", "后续"}},
                              {"source", {"source", "出处"}}}};
  for (const Walk& walk : walks) {
    Text path;
    for (const Step& step : walk.steps) path = Join(path, " > ", ShowStep(step));
    Text then;
    for (const Text& each : walk.consequences) then = Join(then, " > ", each);
    const Text outcome =
        walk.missing.empty() ? walk.outcome : Text{"needs " + walk.missing, "需要 " + walk.missing};
    section.rows.push_back({TextCell(walk.name), TextCell(path), TextCell(outcome),
                            ClassCell(walk.sandbox_class), TextCell(then), WordCell(walk.source)});
    for (const Text& note : walk.notes) section.notes.push_back(Join(walk.name, ": ", note));
  }
  return section;
}

std::vector<model::Device> WholeOnes(const std::vector<AskedDevice>& devices) {
  std::vector<model::Device> whole;
  for (const AskedDevice& each : devices) {
    if (each.IsWhole() && std::ranges::find(whole, each.device) == whole.end()) {
      whole.push_back(each.device);
    }
  }
  return whole;
}

std::optional<double> NumberOf(const Case& about, std::string_view variable) {
  const auto known = about.Find(variable);
  if (!known) return std::nullopt;
  return known->value.get<double>();
}

Manifest ManifestOf(const RecommendQuestion& question, const std::vector<AskedDevice>& devices,
                    Class sandbox_class) {
  const Choice choice{.sandbox_class = sandbox_class,
                      .asked = question.about.Asked(),
                      .devices = WholeOnes(devices),
                      .latency_ms = NumberOf(question.about, "latency_ms"),
                      .launches_per_second = NumberOf(question.about, "launches_per_second")};
  Manifest manifest;
  if (question.from) {
    manifest = KeepManifest(*question.from, question.name, question.artifact, choice);
  } else {
    manifest = NewManifest(question.name, question.artifact, question.about.IsFunction(), choice);
  }
  for (const AskedDevice& each : devices) {
    if (each.IsWhole()) continue;
    const std::string how = "--device " + each.word + ":VENDOR:PRODUCT";
    manifest.notes.push_back(
        {"the manifest has no " + each.word + " device: it has to say which, " + how,
         "清单中没有 " + each.word + " 设备：需指明是哪一个，" + how});
  }
  return manifest;
}

// What the question says in words of its own, which no table bounds.
Result<void> Check(const RecommendQuestion& question) {
  if (const auto problem = model::DnsLabelProblem(question.name)) {
    return Refuse(Errc::kInvalidArgument, Refusal::kWrongName,
                  {EscapeControl(question.name), *problem});
  }
  if (!IsUtf8(question.artifact)) {
    return Refuse(Errc::kInvalidArgument, Refusal::kNotUtf8, {});
  }
  if (!question.artifact.empty()) {
    if (const auto problem = model::ArtifactProblem(question.artifact)) {
      return Refuse(Errc::kInvalidArgument, Refusal::kWrongArtifact,
                    {EscapeControl(question.artifact), *problem});
    }
  }
  if (auto good = question.about.Check(); !good) return good;
  const auto function = question.about.Find("function_type");
  if (question.from && function) {
    const model::Kind kind = question.from->kind();
    if (function->value != (kind == model::Kind::kFunction)) {
      return Refuse(Errc::kInvalidArgument, Refusal::kOtherKind, {model::KindName(kind)});
    }
  }
  return {};
}

Section ManifestSection(const Manifest& manifest) {
  return {.id = "manifest",
          .title = {"Manifest", "清单"},
          .text = model::ToYaml(manifest.value),
          .notes = manifest.notes};
}

}  // namespace

void Take(model::Resource workload, RecommendQuestion& question) {
  question.about.Take(*workload.workload(), workload.kind() == model::Kind::kFunction);
  question.name = workload.metadata.name;
  for (const model::Device& each : workload.workload()->devices) {
    question.devices.push_back(ShowDevice(each));
  }
  question.from = std::move(workload);
}

Result<Recommendation> Recommend(const RecommendQuestion& question) {
  if (auto good = Check(question); !good) return std::unexpected(std::move(good).error());
  const auto devices = ReadDevices(question.devices);
  if (!devices) return std::unexpected(devices.error());
  const std::vector<Walk> walks = WalkAll(question.about);
  const auto sources = SourcesOf(question.about, walks, question.weights);
  if (!sources) return std::unexpected(sources.error());
  Answer answer = Decide(question.about, *sources);
  if (!devices->empty()) answer.because = Join(answer.because, "; ", NoDevice(*devices));
  const auto features = ReadFeatures(question.features);
  if (!features) return std::unexpected(features.error());
  answer.because = Join(answer.because, "; ", NoFeature(*features, answer.sandbox_class));
  Held held = HoldAgainst(question, answer.sandbox_class);
  answer.because = Join(answer.because, "; ", held.but);
  Recommendation recommended{.sandbox_class = answer.sandbox_class};
  Report& report = recommended.report;
  report.id = "recommend";
  report.title = {"What the documents recommend", "选型建议"};
  report.sections.push_back(FlowSection());
  report.sections.push_back(CaseSection(question.about));
  report.sections.push_back(AssumptionsSection(question.about));
  report.sections.push_back(TreesSection(walks));
  report.sections.push_back(RulesSection(question.about));
  report.sections.push_back(StarsSection(question.about));
  auto scores = ScoresSection(question.weights);
  if (!scores) return std::unexpected(std::move(scores).error());
  report.sections.push_back(std::move(*scores));
  auto stacks = StacksSection(question.needs, *devices, question.features);
  if (!stacks) return std::unexpected(std::move(stacks).error());
  report.sections.push_back(std::move(*stacks));
  report.sections.push_back(SourcesSection(*sources, answer.sandbox_class));
  report.sections.push_back(DisagreementsSection(question.about, walks));
  Manifest manifest = ManifestOf(question, *devices, answer.sandbox_class);
  report.sections.push_back(PracticesSection(walks, answer.sandbox_class, manifest.value));
  report.sections.push_back(std::move(held.section));
  report.sections.push_back(AnswerSection(answer));
  std::erase_if(report.sections, [](const Section& each) { return each.rows.empty(); });
  report.sections.push_back(ManifestSection(manifest));
  recommended.manifest = std::move(manifest.value);
  recommended.manifest_notes = std::move(manifest.notes);
  return recommended;
}

}  // namespace strata::advisor
