#include "advisor/system.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "advisor/names.h"
#include "advisor/report/kinds.h"

namespace strata::advisor {
namespace {

struct Level {
  C4Level level;
  std::string_view name;
};
constexpr std::array<Level, 3> kLevels{{{C4Level::kContext, "context"},
                                        {C4Level::kContainer, "container"},
                                        {C4Level::kComponent, "component"}}};

constexpr const char* kClients = "clients";
constexpr const char* kOperator = "operator";
constexpr const char* kManager = "stratad";
constexpr const char* kState = "state";
constexpr const char* kSystem = "strata";

std::string TextIn(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

const Json& Member(const Json& object, const char* key) {
  static const Json kNothing = Json::object();
  const auto found = object.find(key);
  return found == object.end() || !found->is_structured() ? kNothing : *found;
}

// A number as it is written; "?" for what is none.
std::string NumberIn(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->dump() : "?";
}

class Drawing {
 public:
  explicit Drawing(Graph graph) : graph_(std::move(graph)) {}

  // The node of that id; a second one of an id is the first.
  void Node(GraphNode node) {
    if (graph_.Find(node.id) == nullptr) graph_.nodes.push_back(std::move(node));
  }
  void Boundary(std::string id, Text label) {
    graph_.layers.push_back({std::move(id), std::move(label)});
  }
  // Nothing when one of the two is not drawn, or is drawn to be so already.
  void Edge(const std::string& from, const std::string& to, const char* relation, Text label) {
    const GraphNode* a = graph_.Find(from);
    const GraphNode* b = graph_.Find(to);
    if (a == nullptr || b == nullptr || !edges_.insert({from, to, relation}).second) return;
    graph_.edges.push_back({.from = static_cast<std::size_t>(a - graph_.nodes.data()),
                            .to = static_cast<std::size_t>(b - graph_.nodes.data()),
                            .relation = relation,
                            .label = std::move(label)});
  }
  Graph Finish() && { return std::move(graph_); }

 private:
  Graph graph_;
  std::set<std::array<std::string, 3>> edges_;
};

struct Named {
  std::string kind, tenant, name;
  [[nodiscard]] std::string id() const { return kind + "/" + tenant + "/" + name; }
};

Named NameOf(const Json& resource) {
  const Json& metadata = Member(resource, "metadata");
  return {TextIn(resource, "kind"), TextIn(metadata, "namespace"), TextIn(metadata, "name")};
}

bool IsWorkload(const Named& named) { return named.kind == "Function" || named.kind == "Service"; }

// Hosts that the grants of any workload name.
std::vector<std::string> ReachedBy(const Json& resource) {
  std::vector<std::string> hosts;
  const Json& grants = Member(Member(resource, "spec"), "grants");
  for (const auto& [kind, granted] : grants.items()) {
    if ((kind != "http" && kind != "tcp") || !granted.is_array()) continue;
    for (const Json& host : granted) {
      if (host.is_string()) hosts.push_back(host);
    }
  }
  return hosts;
}

std::string CellId(const Json& cell) { return "cell/" + TextIn(cell, "name"); }

bool IsFront(const Json& cell) { return TextIn(cell, "role") == "front"; }

bool IsDirect(const Json& status) { return TextIn(Member(status, "listener"), "mode") == "direct"; }

void AddPeople(const Installation& of, Drawing& to) {
  to.Node({.id = kClients,
           .label = {"Clients", "客户端"},
           .type = "person",
           .description = {"call functions and services at " + TextIn(of.status, "listen"),
                           "调用函数与服务：" + TextIn(of.status, "listen")}});
  std::string api = "the Unix socket";
  if (const std::string listen = TextIn(of.status, "apiListen"); !listen.empty()) {
    api += " or https://" + listen;
  }
  to.Node({.id = kOperator,
           .label = {"Operator", "运维者"},
           .type = "person",
           .description = {"strata, over " + api, "通过 strata 命令（" + api + "）"}});
}

void AddExternals(const Installation& of, Drawing& to) {
  for (const Json& resource : of.resources) {
    for (const std::string& host : ReachedBy(resource)) {
      to.Node({.id = "external/" + host,
               .label = {host, ""},
               .type = "external",
               .description = {"granted to a workload", "经授权可访问"}});
    }
  }
}

Graph ContextGraph(const Installation& of) {
  Drawing drawing({.id = "c4_context", .title = {"System context", "系统上下文"}, .c4 = true});
  AddPeople(of, drawing);
  drawing.Node({.id = kSystem,
                .label = {"Strata " + TextIn(of.status, "version"), ""},
                .type = "system",
                .description = {"instance " + TextIn(of.status, "instance"),
                                "实例 " + TextIn(of.status, "instance")}});
  AddExternals(of, drawing);
  drawing.Edge(kClients, kSystem, "calls", {"calls, HTTP", "调用（HTTP）"});
  drawing.Edge(kOperator, kSystem, "operates", {"applies manifests, asks", "部署与查询"});
  for (const Json& resource : of.resources) {
    for (const std::string& host : ReachedBy(resource)) {
      drawing.Edge(kSystem, "external/" + host, "reaches", {"reaches", "访问"});
    }
  }
  return std::move(drawing).Finish();
}

void AddCells(const Json& status, const std::string& boundary, Drawing& to) {
  for (const Json& cell : Member(status, "cells")) {
    const std::string tenant = TextIn(cell, "namespace");
    const std::string load = NumberIn(cell, "sandboxes");
    to.Node({.id = CellId(cell),
             .label = {TextIn(cell, "name"), ""},
             .type = "container",
             .layer = boundary,
             .description =
                 IsFront(cell)
                     ? Text{"strata-cell, front: parses, authorises, hands on",
                            "strata-cell（前端）：解析、鉴权、转交"}
                     : Text{"strata-cell, host of " + tenant + ": " + load + " sandboxes",
                            "strata-cell（宿主，租户 " + tenant + "）：" + load + " 个沙箱"}});
  }
}

std::string KeeperId(const Json& keeper) { return "keeper/" + TextIn(keeper, "name"); }

void AddKeepers(const Json& status, const std::string& boundary, Drawing& to) {
  for (const Json& keeper : Member(status, "keepers")) {
    to.Node({.id = KeeperId(keeper),
             .label = {TextIn(keeper, "name"), ""},
             .type = "container",
             .layer = boundary,
             .description = {
                 "strata-keeper: containers and virtual machines of " + TextIn(keeper, "namespace"),
                 "strata-keeper：租户 " + TextIn(keeper, "namespace") + " 的容器与虚拟机"}});
  }
}

void JoinProcesses(const Json& status, Drawing& to) {
  const Text wire{"configures, watches", "配置并监视"};
  for (const Json& cell : Member(status, "cells")) {
    to.Edge(kManager, CellId(cell), "manages", wire);
    if (IsFront(cell)) {
      to.Edge(kClients, CellId(cell), "calls", {"calls, HTTP", "调用（HTTP）"});
      for (const Json& host : Member(status, "cells")) {
        if (!IsFront(host)) to.Edge(CellId(cell), CellId(host), "hands_on", {"hands on", "转交"});
      }
    } else if (IsDirect(status)) {
      to.Edge(kClients, CellId(cell), "calls", {"calls, HTTP", "调用（HTTP）"});
    }
  }
  for (const Json& keeper : Member(status, "keepers")) {
    to.Edge(kManager, KeeperId(keeper), "manages", wire);
  }
}

Graph ContainerGraph(const Installation& of) {
  Drawing drawing({.id = "c4_container", .title = {"Processes", "进程（C4 容器）"}, .c4 = true});
  drawing.Boundary(kSystem, {"Strata", ""});
  AddPeople(of, drawing);
  drawing.Node(
      {.id = kManager,
       .label = {kManager, ""},
       .type = "container",
       .layer = kSystem,
       .description = {"the manager: API, reconciler, scheduler; " + TextIn(of.status, "version"),
                       "管理者：API、协调、调度；" + TextIn(of.status, "version")}});
  drawing.Node({.id = kState,
                .label = {"state", "状态"},
                .type = "database",
                .layer = kSystem,
                .description = {"SQLite, in " + TextIn(of.status, "home"),
                                "SQLite，位于 " + TextIn(of.status, "home")}});
  AddCells(of.status, kSystem, drawing);
  AddKeepers(of.status, kSystem, drawing);
  drawing.Edge(kOperator, kManager, "operates", {"applies manifests, asks", "部署与查询"});
  drawing.Edge(kManager, kState, "keeps", {"keeps", "保存"});
  JoinProcesses(of.status, drawing);
  return std::move(drawing).Finish();
}

// The processes that run the sandboxes of a workload.
std::vector<std::string> HoldersOf(const Json& status, const Named& named,
                                   const std::string& sandbox_class) {
  std::vector<std::string> holders;
  if (sandbox_class == model::ClassName(model::Class::kWasm)) {
    for (const Json& cell : Member(status, "cells")) {
      if (TextIn(cell, "namespace") == named.tenant) holders.push_back(CellId(cell));
    }
    return holders;
  }
  for (const Json& keeper : Member(status, "keepers")) {
    if (TextIn(keeper, "namespace") == named.tenant) holders.push_back(KeeperId(keeper));
  }
  return holders;
}

void AddWorkload(const Installation& of, const Json& resource, const Named& named, Drawing& to) {
  const Json& status = Member(resource, "status");
  const std::string sandbox_class = TextIn(status, "class");
  const std::string revision = NumberIn(status, "revision");
  to.Node({.id = named.id(),
           .label = {named.name, ""},
           .type = "component",
           .layer = "tenant/" + named.tenant,
           .description = {named.kind + ", class " + sandbox_class + ", revision " + revision,
                           named.kind + "，类别 " + sandbox_class + "，修订 " + revision}});
  for (const std::string& holder : HoldersOf(of.status, named, sandbox_class)) {
    to.Edge(named.id(), holder, "runs_in", {"runs in", "运行于"});
  }
  for (const std::string& host : ReachedBy(resource)) {
    to.Edge(named.id(), "external/" + host, "reaches", {"may reach", "可访问"});
  }
}

// Where a resource is called: its URLs, each as a node.
void AddUrls(const Json& resource, const Named& named, Drawing& to) {
  for (const Json& url : Member(Member(resource, "status"), "urls")) {
    if (!url.is_string()) continue;
    const std::string id = "route/" + url.get<std::string>();
    to.Node({.id = id,
             .label = {url.get<std::string>(), ""},
             .type = "component",
             .layer = "tenant/" + named.tenant,
             .description = {"route", "路由"}});
    to.Edge(kClients, id, "calls", {"calls, HTTP", "调用（HTTP）"});
    if (IsWorkload(named)) to.Edge(id, named.id(), "leads_to", {"leads to", "通往"});
    for (const Json& backend : Member(Member(resource, "status"), "backends")) {
      const std::string share = NumberIn(backend, "share");
      for (const char* kind : {"Function", "Service"}) {
        to.Edge(id, Named{kind, named.tenant, TextIn(backend, "function")}.id(), "leads_to",
                {"leads to, share " + share, "通往，占比 " + share});
      }
    }
  }
}

Graph ComponentGraph(const Installation& of) {
  Drawing drawing(
      {.id = "c4_component", .title = {"Workloads", "工作负载（C4 组件）"}, .c4 = true});
  std::set<std::string> tenants;
  for (const Json& resource : of.resources) tenants.insert(NameOf(resource).tenant);
  for (const std::string& tenant : tenants) {
    drawing.Boundary("tenant/" + tenant, {"tenant " + tenant, "租户 " + tenant});
  }
  AddPeople(of, drawing);
  AddCells(of.status, "", drawing);
  AddKeepers(of.status, "", drawing);
  AddExternals(of, drawing);
  for (const Json& resource : of.resources) {
    const Named named = NameOf(resource);
    if (IsWorkload(named)) AddWorkload(of, resource, named, drawing);
  }
  for (const Json& resource : of.resources) AddUrls(resource, NameOf(resource), drawing);
  return std::move(drawing).Finish();
}

Section NodesOf(const Graph& graph, std::string_view name) {
  Section section{.id = std::string(name),
                  .title = graph.title,
                  .columns = {{"id", {"id", "标识"}},
                              {"label", {"label", "名称"}},
                              {"type", {"type", "类型"}},
                              {"boundary", {"boundary", "边界"}},
                              {"is", {"is", "说明"}}}};
  for (const GraphNode& node : graph.nodes) {
    section.rows.push_back({WordCell(node.id), TextCell(node.label), KindCell(node.type),
                            node.layer.empty() ? NoCell() : WordCell(node.layer),
                            TextCell(node.description)});
  }
  return section;
}

Section EdgesOf(const Graph& graph, std::string_view name) {
  Section section{
      .id = std::string(name) + "_relations",
      .title = Join(graph.title, ": ", {"relations", "关系"}),
      .columns = {
          {"from", {"from", "起点"}}, {"relation", {"relation", "关系"}}, {"to", {"to", "终点"}}}};
  for (const GraphEdge& edge : graph.edges) {
    section.rows.push_back({WordCell(graph.nodes[edge.from].id), TextCell(edge.label),
                            WordCell(graph.nodes[edge.to].id)});
  }
  return section;
}

}  // namespace

std::map<model::Class, int> Installation::Workloads() const {
  std::map<model::Class, int> workloads;
  for (const Json& resource : resources) {
    if (!IsWorkload(NameOf(resource))) continue;
    const auto in = model::ClassFromName(TextIn(Member(resource, "status"), "class"));
    if (in) ++workloads[*in];
  }
  return workloads;
}

Result<C4Level> ParseC4Level(std::string_view name) {
  Names names("level of C4");
  for (const Level& each : kLevels) names.Add(std::string(each.name), std::string(each.name));
  const auto found = names.Find(name);
  if (!found) return std::unexpected(found.error());
  return std::ranges::find(kLevels, *found, &Level::name)->level;
}

Graph SystemGraph(const Installation& installation, C4Level level) {
  switch (level) {
    case C4Level::kContext:
      return ContextGraph(installation);
    case C4Level::kContainer:
      return ContainerGraph(installation);
    case C4Level::kComponent:
      break;
  }
  return ComponentGraph(installation);
}

GraphAnswer SystemAnswer(const Installation& installation, C4Level level) {
  GraphAnswer answer{{.id = "system", .title = {"This installation", "本安装"}}, {}};
  for (const Level& each : kLevels) {
    Graph graph = SystemGraph(installation, each.level);
    answer.report.sections.push_back(NodesOf(graph, each.name));
    answer.report.sections.push_back(EdgesOf(graph, each.name));
    if (each.level == level) answer.graph = std::move(graph);
  }
  return answer;
}

}  // namespace strata::advisor
