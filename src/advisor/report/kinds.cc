#include "advisor/report/kinds.h"

#include <algorithm>
#include <array>
#include <string>

#include "advisor/report/words.h"

namespace strata::advisor {
namespace {

constexpr std::array kWords = {
    // Diagrams.
    Word{"decision", "决策"},
    Word{"graph", "关系图"},
    Word{"layers", "分层"},
    Word{"mindmap", "思维导图"},
    Word{"relations", "关系"},
    Word{"timeline", "时间线"},
    Word{"tree", "树"},
    // Nodes, of the facts and of an installation.
    Word{"concept", "概念"},
    Word{"dependency", "依赖"},
    Word{"interface", "接口"},
    Word{"kernel_feature", "内核特性"},
    Word{"node", "节点"},
    Word{"pattern", "模式"},
    Word{"platform_component", "平台组件"},
    Word{"sandbox_class", "沙盒类别"},
    Word{"scenario", "场景"},
    Word{"standard", "标准"},
    Word{"technology", "技术"},
    Word{"value", "价值"},
    Word{"component", "组件"},
    Word{"container", "容器"},
    Word{"database", "数据库"},
    Word{"external", "外部系统"},
    Word{"person", "人"},
    Word{"system", "系统"},
    // Models.
    Word{"contract", "契约"},
    Word{"figures", "数值"},
    Word{"finance", "财务"},
    Word{"formal", "形式化"},
    Word{"lookup", "查表"},
    Word{"markov", "马尔可夫链"},
    Word{"ode", "常微分方程"},
    Word{"optimisation", "优化"},
    Word{"piecewise", "分段"},
    Word{"product", "乘积"},
    Word{"ratio", "比值"},
    Word{"structure", "结构"},
    Word{"table", "表"},
    Word{"targets", "目标"},
    Word{"theorem", "定理"},
    Word{"threshold", "阈值"},
    Word{"weighted_sum", "加权和"},
    // Layers of the table of versions, and dimensions of the matrices.
    Word{"container_runtime", "容器运行时"},
    Word{"kernel", "内核"},
    Word{"orchestration", "编排"},
    Word{"security", "安全"},
    Word{"service_mesh", "服务网格"},
    Word{"isolation", "隔离"},
    Word{"performance", "性能"},
    Word{"resources", "资源"},
    Word{"startup", "启动"},
    Word{"scenarios", "场景"},
    Word{"tech_stack", "技术栈"},
    Word{"ecosystem", "生态"},
};

// The documents name relations in English words at most; the Chinese is ours.
constexpr std::array kRelations = {
    Word{"applies_to", "适用于"},
    Word{"base_of", "是其基础"},
    Word{"can_run_on", "可运行于"},
    Word{"collects_from", "采集自"},
    Word{"compiles_to", "编译为"},
    Word{"composes_with", "与之组合"},
    Word{"consults", "咨询"},
    Word{"contains", "包含"},
    Word{"defines_interface", "定义接口"},
    Word{"delegates_to", "委托给"},
    Word{"depends_on", "依赖"},
    Word{"develops_into", "发展为"},
    Word{"drawn_above", "画在其上"},
    Word{"drives_standard", "推动标准"},
    Word{"enables", "使能"},
    Word{"evolves_to", "演进为"},
    Word{"executes", "执行"},
    Word{"exposes", "暴露"},
    Word{"forwards_to", "转发到"},
    Word{"has", "具有"},
    Word{"implemented_by", "由其实现"},
    Word{"implements", "实现"},
    Word{"integrates_with", "与之集成"},
    Word{"layer_above", "位于其上层"},
    Word{"leads_to", "通向"},
    Word{"managed_by", "由其管理"},
    Word{"manages", "管理"},
    Word{"next", "下一步"},
    Word{"optimised_for", "针对其优化"},
    Word{"orchestrates", "编排"},
    Word{"outputs", "输出"},
    Word{"probes", "探测"},
    Word{"provides", "提供"},
    Word{"replaced_by", "被其取代"},
    Word{"routes_to", "路由到"},
    Word{"runs_in", "运行在"},
    Word{"runs_on", "运行于"},
    Word{"schedules_to", "调度到"},
    Word{"supports", "支持"},
    Word{"trimmed_to", "裁剪为"},
    Word{"uses", "使用"},
};

}  // namespace

Text KindText(std::string_view kind) {
  return {std::string(kind), std::string(ChineseOf(kWords, kind))};
}

Cell KindCell(std::string_view kind) { return TextCell(KindText(kind)); }

std::string WordsOf(std::string_view id) {
  std::string words(id);
  std::ranges::replace(words, '_', ' ');
  return words;
}

Text RelationText(std::string_view relation) {
  std::string id(relation);
  std::ranges::replace(id, ' ', '_');
  return {WordsOf(id), std::string(ChineseOf(kRelations, id))};
}

}  // namespace strata::advisor
