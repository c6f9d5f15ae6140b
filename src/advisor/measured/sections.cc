#include "advisor/measured/sections.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "advisor/measured/report.h"
#include "advisor/report/refusal.h"
#include "model/values.h"

namespace strata::advisor {

Cell PlaceCell(std::string_view in) {
  if (in == measure::kProcess) return TextCell({"process", "裸进程"});
  if (in == measure::kHost) return TextCell({"host", "主机"});
  return WordCell(in);
}

Result<void> CheckRows(const measure::Record& record) {
  if (!record.rows.empty()) return {};
  if (record.classes.empty()) {
    return Refuse(Errc::kFailedPrecondition, Refusal::kNothingMeasured, {});
  }
  return Refuse(Errc::kFailedPrecondition, Refusal::kNoRows, {});
}

std::vector<std::string_view> PlacesOf(const measure::Record& record) {
  std::vector<std::string_view> known{measure::kHost, measure::kProcess};
  for (const model::Class each : model::kClasses) known.push_back(model::ClassName(each));
  std::erase_if(known, [&record](std::string_view in) {
    return std::ranges::find(record.rows, in, [](const auto& each) {
             return std::string_view(each.in);
           }) == record.rows.end();
  });
  return known;
}

Section HostSection(const std::vector<const measure::Record*>& records) {
  Section section{.id = "host", .title = {"Host", "主机"}, .columns = {{"what", {"what", "项目"}}}};
  for (std::size_t i = 0; i < records.size(); ++i) {
    const bool only = records.size() == 1;
    section.columns.push_back(only     ? Column{"value", {"value", "值"}}
                              : i == 0 ? Column{"older", {"older", "旧"}}
                                       : Column{"newer", {"newer", "新"}});
  }
  const auto add = [&](Text what, auto cell_of) {
    std::vector<Cell> row{TextCell(std::move(what))};
    for (const measure::Record* each : records) row.push_back(cell_of(*each));
    section.rows.push_back(std::move(row));
  };
  add({"measured", "测量时间"}, [](const auto& of) { return WordCell(of.measured); });
  add({"kernel", "内核"},
      [](const auto& of) { return WordCell(of.host.kernel + " " + of.host.machine); });
  add({"processor", "处理器"}, [](const auto& of) { return WordCell(of.host.processor); });
  add({"processors", "处理器数"}, [](const auto& of) { return NumberCell(of.host.processors); });
  add({"memory", "内存"}, [](const auto& of) { return NumberCell(of.host.memory_mib, "MiB"); });
  add({"load when it began", "开始时负载"},
      [](const auto& of) { return NumberCell(of.host.load); });
  add({"mode", "模式"}, [](const auto& of) { return WordCell(of.mode); });
  add({"took", "用时"}, [](const auto& of) { return NumberCell(of.seconds, "s"); });
  add({"strata", "strata"}, [](const auto& of) { return WordCell(of.strata); });
  std::set<std::string> names;
  for (const measure::Record* each : records) {
    for (const auto& [name, version] : each->versions) names.insert(name);
  }
  for (const std::string& name : names) {
    add({name, ""}, [&name](const measure::Record& of) {
      const auto found = of.versions.find(name);
      return found == of.versions.end() ? NoCell() : WordCell(found->second);
    });
  }
  return section;
}

}  // namespace strata::advisor
