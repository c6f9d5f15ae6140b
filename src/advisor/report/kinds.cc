#include "advisor/report/kinds.h"

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

}  // namespace

Text KindText(std::string_view kind) {
  return {std::string(kind), std::string(ChineseOf(kWords, kind))};
}

Cell KindCell(std::string_view kind) { return TextCell(KindText(kind)); }

}  // namespace strata::advisor
