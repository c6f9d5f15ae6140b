#include "model/schema/checks.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "model/rules.h"

namespace strata::model::schema {
namespace {

void CheckTriggers(const Cursor& at, const std::vector<HttpMatch>& triggers) {
  for (std::size_t i = 0; i < triggers.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const HttpMatch& a = triggers[i];
      const HttpMatch& b = triggers[j];
      if (a.path.empty() || a.host != b.host || a.path != b.path) continue;
      if (!MethodsOverlap(a.methods, b.methods)) continue;
      at.Fail("triggers " + std::to_string(j) + " and " + std::to_string(i) +
              " have the same host and path and a method in common");
    }
  }
}

}  // namespace

void CheckDirGrant(const Cursor& at, DirGrant& grant) {
  if (grant.mode == DirGrant::Mode::kScratch && !grant.host.empty()) {
    at.Fail("a scratch directory is empty and private; it has no 'host'");
  }
  if (grant.mode == DirGrant::Mode::kReadOnly && grant.host.empty()) {
    at.Fail("the field 'host' is missing");
  }
}

void CheckGrants(const Cursor& at, Grants& grants) {
  std::set<std::string> guests;
  for (const DirGrant& dir : grants.dirs) {
    if (!dir.guest.empty() && !guests.insert(dir.guest).second) {
      at.Fail("two directories at '" + dir.guest + "'");
    }
  }
  for (auto it = grants.http.begin(); it != grants.http.end(); ++it) {
    if (!it->host.empty() && std::find(grants.http.begin(), it, *it) != it) {
      at.Fail("'" + it->host + ":" + std::to_string(it->port) + "' is granted twice");
    }
  }
}

void CheckHttpMatch(const Cursor& at, HttpMatch& match) {
  std::sort(match.methods.begin(), match.methods.end());
  const auto twice = std::adjacent_find(match.methods.begin(), match.methods.end());
  if (twice != match.methods.end() && !twice->empty()) {
    at.Fail("the method '" + *twice + "' is listed twice");
  }
}

void CheckFunction(const Cursor& at, FunctionSpec& spec) { CheckTriggers(at, spec.triggers); }

void CheckService(const Cursor& at, ServiceSpec& spec) {
  CheckTriggers(at, spec.triggers);
  if (spec.workload.guest != GuestKind::kAuto && spec.workload.guest != GuestKind::kHttp) {
    at.Fail("a Service's guest is 'http' (or 'auto'): other kinds end after one call");
  }
}

void CheckRouteSpec(const Cursor& at, RouteSpec& spec) {
  std::set<std::string> names;
  std::uint64_t weights = 0;
  for (const Backend& backend : spec.backends) {
    weights += backend.weight;
    if (!backend.function.empty() && !names.insert(backend.function).second) {
      at.Fail("'" + backend.function + "' is a backend twice");
    }
  }
  if (spec.backends.empty()) {
    at.Fail("a route needs at least one backend");
  } else if (weights == 0) {
    at.Fail("all weights are 0: no backend would get a request");
  }
}

}  // namespace strata::model::schema
