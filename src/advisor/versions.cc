#include "advisor/versions.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <utility>

#include "advisor/facts/facts.h"
#include "advisor/report/kinds.h"

namespace strata::advisor {
namespace {

constexpr int kFirstYear = 2000;
constexpr std::size_t kDateDigits = 8;  // 20221219
// What the document asks for beside a version of eBPF, which has none.
constexpr const char* kEbpf = "eBPF";
const std::vector<int> kEbpfKernel = {6, 7};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::string VersionText(const std::vector<int>& version) {
  std::vector<std::string> parts;
  for (const int part : version) parts.push_back(std::to_string(part));
  return Listed(parts, ".");
}

// By the numbers that the document gives: 1.2.5 is its 1.2. What an older one has of what is stated
// the features say, which are tried.
Text VerdictOn(const std::vector<int>& here, const std::vector<int>& stated) {
  std::vector<int> same = here;
  same.resize(stated.size());
  if (same == stated) return {"as stated", "与所述相同"};
  if (!std::ranges::lexicographical_compare(same, stated)) return {"newer", "较新"};
  return {"older", "较旧"};
}

std::vector<Cell> FoundCells(const Json& fact, const std::map<std::string, std::string>& found) {
  const std::string& tech = fact.at("tech").get_ref<const std::string&>();
  const auto here = found.find(tech);
  if (here == found.end()) return {NoCell(), TextCell({"not installed", "未安装"})};
  const std::vector<int> version = ReadVersion(here->second);
  if (version.empty()) return {WordCell(here->second), TextCell({"unknown version", "版本未知"})};
  if (tech == kEbpf) {
    const bool enough = !std::ranges::lexicographical_compare(version, kEbpfKernel);
    return {TextCell({"Linux " + VersionText(version), ""}),
            enough ? TextCell({"kernel 6.7 or newer, as asked for", "内核 6.7+，符合要求"})
                   : TextCell({"older than the kernel 6.7 that is asked for", "低于所需内核 6.7"})};
  }
  const std::vector<int> stated = ReadVersion(fact.at("new").get_ref<const std::string&>());
  return {WordCell(VersionText(version)), TextCell(VerdictOn(version, stated))};
}

// What the document had before its update.
Text Before(const Json& version) {
  const Json& old = version.at("old");
  return {old.is_string() ? old.get<std::string>() : "not stated", version.value("old_zh", "")};
}

Section VersionsOf(const std::map<std::string, std::string>& found) {
  Section section{.id = "versions",
                  .title = {"Versions", "版本"},
                  .columns = {{"technology", {"technology", "技术"}},
                              {"layer", {"layer", "层"}},
                              {"before", {"before", "更新前"}},
                              {"stated", {"stated", "文档"}},
                              {"features", {"stated features", "所述特性"}},
                              {"here", {"here", "本机"}},
                              {"verdict", {"verdict", "结论"}}},
                  .sources = {"004"}};
  for (const Json& each : Facts(FactFile::kVersions).at("versions")) {
    const std::string tech = each.at("tech");
    std::vector<Cell> row = {WordCell(tech), KindCell(each.at("layer").get<std::string>()),
                             TextCell(Before(each)), WordCell(each.at("new").get<std::string>()),
                             TextCell({each.value("features", ""), each.value("zh", "")})};
    for (Cell& cell : FoundCells(each, found)) row.push_back(std::move(cell));
    section.rows.push_back(std::move(row));
    if (each.contains("caveat")) {
      section.notes.push_back(Join({tech, ""}, ": ", TextOf(each, "caveat")));
    }
  }
  return section;
}

Text ShowOutcome(Tried::Outcome outcome) {
  switch (outcome) {
    case Tried::Outcome::kHere:
      return {"yes", "有"};
    case Tried::Outcome::kNotHere:
      return {"no", "没有"};
    case Tried::Outcome::kNotTried:
      break;
  }
  return {"not tried", "未验证"};
}

Section FeaturesOf(const std::vector<Tried>& tried) {
  Section section{.id = "features",
                  .title = {"Stated features, tried here", "所述特性（本机验证）"},
                  .columns = {{"technology", {"technology", "技术"}},
                              {"feature", {"stated feature", "所述特性"}},
                              {"here", {"here", "本机"}},
                              {"evidence", {"because", "依据"}}},
                  .sources = {"004"}};
  const std::span<const StatedFeature> features = StatedFeatures();
  for (std::size_t i = 0; i < features.size(); ++i) {
    const Tried result = i < tried.size() ? tried[i] : Tried{};
    section.rows.push_back({WordCell(features[i].technology), TextCell(features[i].feature),
                            TextCell(ShowOutcome(result.outcome)), TextCell(result.evidence)});
  }
  section.notes.push_back(
      {"Tried by what programs print, files of the kernel and its release: nothing is started or "
       "changed. Where the document states no feature of a version there is no row.",
       "依据程序输出、内核文件与内核版本进行验证：不启动也不改动任何东西。"
       "文档未述特性的版本不在此列。"});
  return section;
}

// "1,500,000,000,000": what is large is read by its thousands.
std::string Grouped(std::string figure) {
  const std::size_t digits = figure.find_first_not_of("0123456789");
  if (digits != std::string::npos) return figure;
  for (auto at = static_cast<std::ptrdiff_t>(figure.size()) - 3; at > 0; at -= 3) {
    figure.insert(static_cast<std::size_t>(at), ",");
  }
  return figure;
}

// A figure of `each`; of a bound "< 5", and for programs as ValueCell has one (compare/values.h).
Cell FigureCell(const Json& each, const char* key) {
  Cell cell = NumberCell(each.at(key));
  cell.text.en = Grouped(std::move(cell.text.en));
  if (each.contains("bound")) {
    cell.text.en = "< " + cell.text.en;
    cell.value = {{"max_exclusive", each.at(key)}};
  }
  return cell;
}

// The change as the document says it beside what its own figures make.
Section Changes() {
  Section section{.id = "figures",
                  .title = {"Figures that changed", "实证数据变化"},
                  .columns = {{"figure", {"figure", "指标"}},
                              {"old", {"old", "旧值"}},
                              {"old_year", {"year", "年份"}},
                              {"new", {"new", "新值"}},
                              {"new_year", {"year", "年份"}},
                              {"unit", {"unit", "单位"}},
                              {"change", {"change, stated", "变化（文档）"}},
                              {"recomputed", {"change, recomputed", "变化（重算）"}}},
                  .sources = {"004 §1.2"}};
  for (const Json& each : Facts(FactFile::kVersions).at("empirical")) {
    const double before = each.at("old");
    const double after = each.at("new");
    const Change change = ChangeOf(each, before, after);
    section.rows.push_back({TextCell(LabelOf(each)), FigureCell(each, "old"),
                            NumberCell(each.at("old_year")), FigureCell(each, "new"),
                            NumberCell(each.at("new_year")),
                            WordCell(each.at("unit").get<std::string>()),
                            WordCell(each.at("change").get<std::string>()),
                            NumberCell(std::round(10 * change.value) / 10, change.unit)});
    if (each.contains("note")) {
      section.notes.push_back(Join(LabelOf(each), ": ", TextOf(each, "note")));
    }
  }
  return section;
}

Section Layers() {
  Section section{.id = "layers",
                  .title = {"Layers", "层级模型"},
                  .columns = {{"layer", {"layer", "层"}},
                              {"before", {"before", "更新前"}},
                              {"after", {"after", "更新后"}}},
                  .sources = {"004 §1.1"}};
  for (const Json& each : Facts(FactFile::kVersions).at("layer_versions")) {
    section.rows.push_back({TextCell(LabelOf(each)), WordCell(ListOf(each.at("before"))),
                            WordCell(ListOf(each.at("after")))});
  }
  return section;
}

// What is said around a field of a mapping's side.
struct Around {
  std::string_view key;
  std::string_view before;
  std::string_view after;
};
constexpr Around kAround[] = {{"claim", "", ""},
                              {"error", "error ", ""},
                              {"kernel", "kernel ", ""},
                              {"cgroup", "", ""},
                              {"escapes", "escapes: ", ""},
                              {"mean_ms", "mean ", " ms"},
                              {"p99_ms", "99 % ", " ms"},
                              {"n", "of ", " decisions"},
                              {"engine", "", ""},
                              {"operations_per_day", "", " operations a day"},
                              {"sched_latency_99_999", "scheduling latency, 99.999 %, ", ""},
                              {"files", "", ""},
                              {"extra", "", ""}};

// "90 % ...; error < 5 %", of what one side of a mapping says.
std::string FieldsOf(const Json& side) {
  std::vector<std::string> fields;
  for (const Around& each : kAround) {
    const auto field = side.find(each.key);
    if (field == side.end()) continue;
    const std::string value =
        field->is_string() ? field->get<std::string>() : Grouped(Figure(field->get<double>()));
    fields.push_back(std::string(each.before) + value + std::string(each.after));
  }
  return Listed(fields, "; ");
}

// What the layers' formal mappings are founded on, before and after.
Section Mappings() {
  Section section{.id = "mappings",
                  .title = {"Evidence of the formal mappings", "形式化映射的实证数据"},
                  .columns = {{"symbol", {"symbol", "符号"}},
                              {"mapping", {"mapping", "映射"}},
                              {"old_source", {"old source", "原来源"}},
                              {"old", {"old", "旧值"}},
                              {"new_source", {"new source", "新来源"}},
                              {"new", {"new", "新值"}}},
                  .sources = {"004 §1.2"}};
  for (const Json& each : Facts(FactFile::kVersions).at("mappings")) {
    const Json& before = each.at("old");
    const Json& after = each.at("new");
    section.rows.push_back(
        {each.at("symbol").is_string() ? WordCell(each.at("symbol").get<std::string>()) : NoCell(),
         TextCell(LabelOf(each)), WordCell(before.at("source").get<std::string>()),
         TextCell({FieldsOf(before), each.at("old_zh")}),
         WordCell(after.at("source").get<std::string>()),
         TextCell({FieldsOf(after), each.at("new_zh")})});
  }
  return section;
}

// Which documents the update changed, and in what.
Section Updates() {
  Section section{.id = "updates",
                  .title = {"Documents that were updated", "文档更新"},
                  .columns = {{"document", {"document", "文档"}},
                              {"title", {"title", "标题"}},
                              {"version", {"version", "版本"}},
                              {"dates", {"dates", "日期"}},
                              {"changes", {"changes", "更新内容"}}},
                  .sources = {"004 §1.3, §2.1-§2.3"}};
  for (const Json& each : Facts(FactFile::kVersions).at("document_updates")) {
    section.rows.push_back(
        {WordCell(each.at("doc").get<std::string>()), TextCell(LabelOf(each)),
         WordCell(each.at("version").get<std::string>()),
         each.contains("date") ? WordCell(each.at("date").get<std::string>()) : NoCell(),
         TextCell({ListOf(each.at("changes")), each.at("changes_zh")})});
  }
  return section;
}

Text StatusOf(const Json& task) {
  const std::string status = task.at("status");
  constexpr std::string_view kDone = "done ";
  if (!status.starts_with(kDone)) return {status, "进行中"};
  return {status, "已完成 " + status.substr(kDone.size())};
}

// What the update left to do, and what became of it.
Section NextSteps() {
  Section section{.id = "next_steps",
                  .title = {"Next steps of the documents", "文档后续任务"},
                  .columns = {{"task", {"task", "任务"}},
                              {"priority", {"priority", "优先级"}},
                              {"status", {"status", "状态"}},
                              {"done", {"done", "已完成"}},
                              {"todo", {"to do", "待办"}}},
                  .sources = {"004 next steps"}};
  for (const Json& each : Facts(FactFile::kVersions).at("tasks")) {
    const bool high = each.at("priority") == "high";
    const bool open = each.contains("todo");
    section.rows.push_back(
        {TextCell(LabelOf(each)), TextCell(high ? Text{"high", "高"} : Text{"medium", "中"}),
         TextCell(StatusOf(each)), TextCell({ListOf(each.at("done")), each.at("done_zh")}),
         open ? TextCell({ListOf(each.at("todo")), each.value("todo_zh", "")}) : NoCell()});
  }
  return section;
}

// What was checked of the update, and what it brought.
Section Checks() {
  Section section{.id = "checks",
                  .title = {"Checks and effects of the update", "质量检查与更新效果"},
                  .columns = {{"kind", {"kind", "类别"}}, {"what", {"what", "内容"}}},
                  .sources = {"004 quality checks, conclusion"}};
  const auto add = [&section](const char* list, const Text& kind) {
    for (const Json& each : Facts(FactFile::kVersions).at(list)) {
      section.rows.push_back({TextCell(kind), TextCell(LabelOf(each))});
    }
  };
  add("quality_checks", {"check", "检查"});
  add("effects", {"effect", "效果"});
  return section;
}

// What came after what, and why.
Section MainLine() {
  Section section{.id = "main_line",
                  .title = {"Main line of evolution", "演进主线"},
                  .columns = {{"order", {"order", "序号"}},
                              {"technology", {"technology", "技术"}},
                              {"year", {"year", "年份"}},
                              {"solves", {"solves", "解决"}},
                              {"logic", {"problem of", "问题"}},
                              {"does", {"does", "作用"}},
                              {"analogy", {"is like", "类比"}},
                              {"summary", {"in short", "小结"}}},
                  .sources = {"003 §00.2.2"}};
  for (const Json& each : Facts(FactFile::kVersions).at("evolution_main_line")) {
    Text analogy = TextOf(each, "analogy");
    const Text drawn = TextOf(each, "diagram_analogy");
    if (drawn != analogy) analogy = Join(analogy, "; ", drawn);
    section.rows.push_back({NumberCell(each.at("id")), TextCell(LabelOf(each)),
                            WordCell(each.at("year").get<std::string>()),
                            TextCell(TextOf(each, "solves")), TextCell(TextOf(each, "logic")),
                            TextCell(TextOf(each, "does")), TextCell(std::move(analogy)),
                            TextCell(TextOf(each, "summary"))});
  }
  return section;
}

}  // namespace

std::vector<int> ReadVersion(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!IsDigit(text[at])) continue;
    std::vector<int> version;
    for (;;) {
      int number = 0;
      const auto [end, error] =
          std::from_chars(text.data() + at, text.data() + text.size(), number);
      const auto length = static_cast<std::size_t>(end - (text.data() + at));
      if (error != std::errc()) {
        at += length;  // too large for a version, and so is none of its digits
        break;
      }
      if (length == kDateDigits && number / 10000 >= kFirstYear) {
        version.insert(version.end(), {number / 10000, number / 100 % 100, number % 100});
      } else {
        version.push_back(number);
      }
      at += length;
      if (at + 1 >= text.size() || text[at] != '.' || !IsDigit(text[at + 1])) break;
      ++at;
    }
    // A number alone is no version ("2 plugins"), and Debian's 0.0~20221219 begins with none.
    if (version.size() > 1 && version != std::vector<int>{0, 0}) return version;
  }
  return {};
}

Change ChangeOf(const Json& figure, double before, double after) {
  if (figure.value("change_in", "") == "points") return {after - before, "percentage points"};
  return {100 * (after / before - 1), "%"};
}

Report Versions(const FoundHere& here) {
  const Json& update = Facts(FactFile::kVersions).at("report");
  const Text date = Join({update.at("date").get<std::string>(), ""}, ", ", TextOf(update, "basis"));
  return {.id = "versions",
          .title = {"Technology versions", "技术版本"},
          .sections = {VersionsOf(here.versions), FeaturesOf(here.features), Changes(), Layers(),
                       Mappings(), MainLine(), Updates(), NextSteps(), Checks()},
          .notes = {Join(Join(LabelOf(update), ", ", date), ": ", TextOf(update, "status"))}};
}

}  // namespace strata::advisor
