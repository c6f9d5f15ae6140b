// model/schema/forms.h - what the functions of rules.h and checks.h check, said once more for a
// reader that cannot run them: forms of texts as regular expressions, rules over several fields in
// CEL, Kubernetes' expression language.
//
//   rules.h, checks.h --said again by--> [ forms.h ] --> describe.h
//
// A form is at most as strict as its function, and says the same where a regular expression can.
// What is of one machine only, files and directories, is refused here and nowhere in the model.
//
// Threads: constants, pure. Tested by model/manifest/crd_test.cc.
#pragma once

#include <array>
#include <string_view>

#include "base/result.h"
#include "base/text/json.h"
#include "model/resource.h"
#include "model/rules.h"

namespace strata::model::schema {

// The schema of a text that `problem` or `normalize`, a function of rules.h, checks.
Json FormOf(Problem (*problem)(std::string_view));
Json FormOf(Result<std::string> (*normalize)(std::string_view));
Json HttpGrantForm();
Json KeepAliveForm();

// No text may be twice in a list of what `problem` checks.
bool IsSetOf(Problem (*problem)(std::string_view)) noexcept;

// A rule over several fields, which has to hold.
struct Rule {
  std::string_view expression;  // in CEL; `self` is the object
  std::string_view message;
  std::string_view field;  // to be named, as ".scale"; empty: the object itself

  [[nodiscard]] Json ToJson() const;
};

// The rules of an object; of most there are none.
template <typename T>
inline constexpr std::array<Rule, 0> kRules{};

template <>
inline constexpr std::array kRules<DirGrant> = {
    Rule{"!has(self.host)", "is a directory of one machine, which a cluster does not have",
         ".host"},
    Rule{"has(self.mode) && self.mode == 'scratch'",
         "only scratch directories can be granted on a cluster", ""},
};

template <>
inline constexpr std::array kRules<Volume> = {
    Rule{"[has(self.named), has(self.host), has(self.tmpfs)].exists_one(x, x)",
         "has to be one of 'named', 'host' and 'tmpfs'", ""},
    Rule{"!has(self.host)", "is a directory of one machine, which a cluster does not have",
         ".host"},
};

template <>
inline constexpr std::array kRules<Device> = {
    Rule{"self.kind in ['gpu', 'vgpu'] || has(self.id)", "the field 'id' is missing", ""},
};

template <>
inline constexpr std::array kRules<Workload> = {
    Rule{"!has(self.artifact) || !has(self.variants)",
         "'artifact' stands for a single variant; write one of the two", ".variants"},
    Rule{"has(self.artifact) || (has(self.variants) && size(self.variants) > 0)",
         "one of 'artifact' and 'variants' is missing", ""},
    Rule{"!has(self.within) || !has(self.class) || self.class in ['auto', 'container']",
         "only class 'container' runs within another", ".within"},
    Rule{"!has(self.volumes) || self.volumes.all(v, has(self.mounts) && "
         "self.mounts.exists(m, m.volume == v.name))",
         "a volume is mounted nowhere", ".volumes"},
    Rule{"!has(self.mounts) || self.mounts.all(m, has(self.volumes) && "
         "self.volumes.exists(v, v.name == m.volume))",
         "there is no volume of that name", ".mounts"},
};

template <>
inline constexpr std::array kRules<Scale> = {
    Rule{"!has(self.min) || !has(self.max) || self.min <= self.max", "'min' is above 'max'", ""},
};

template <>
inline constexpr std::array kRules<ServiceSpec> = {
    Rule{"!has(self.guest) || self.guest in ['auto', 'http']",
         "a Service's guest is 'http' (or 'auto'): other kinds end after one call", ""},
    Rule{"!has(self.scale) || !has(self.replicas)",
         "'replicas' is a fixed number of sandboxes; write one of the two", ".scale"},
    Rule{"!has(self.scale) || !has(self.restart) || self.restart == 'always'",
         "sandboxes that come and go with the load are always started again; leave 'restart' out",
         ".scale"},
};

template <>
inline constexpr std::array kRules<Probe> = {
    Rule{"[has(self.httpGet), has(self.tcpSocket), has(self.exec)].exists_one(x, x)",
         "a probe has exactly one of 'httpGet', 'tcpSocket' and 'exec'", ""},
    Rule{"!has(self.exec) || (size(self.exec.command) > 0 && self.exec.command[0] != '')",
         "exec.command has no program", ""},
};

template <>
inline constexpr std::array kRules<Health> = {
    Rule{"has(self.readiness) || has(self.liveness)",
         "at least one of 'readiness' and 'liveness' is needed", ""},
    Rule{"!has(self.liveness) || !has(self.liveness.successThreshold) || "
         "self.liveness.successThreshold == 1",
         "the successThreshold of 'liveness' must be 1", ""},
};

template <>
inline constexpr std::array kRules<Target> = {
    Rule{"!has(self.revision) || !has(self.class)",
         "names a revision and a class: a revision has its class", ""},
};

template <>
inline constexpr std::array kRules<RouteSpec> = {
    Rule{"has(self.backends) && self.backends.exists(b, !has(b.weight) || b.weight > 0)",
         "a route needs at least one backend with a weight above 0", ""},
};

// The field that no two items of a list share; empty: there is none.
template <typename T>
inline constexpr std::string_view kListKey;
template <>
inline constexpr std::string_view kListKey<DirGrant> = "guest";
template <>
inline constexpr std::string_view kListKey<Variant> = "artifact";
template <>
inline constexpr std::string_view kListKey<Volume> = "name";
template <>
inline constexpr std::string_view kListKey<Mount> = "mount";
template <>
inline constexpr std::string_view kListKey<HeaderMatch> = "name";

}  // namespace strata::model::schema
