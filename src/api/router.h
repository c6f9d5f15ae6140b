// api/router.h - which function answers a request: method and path pattern, with the pattern's
// variables taken out.
//
//   Exchange --> [ Router::Match ] --> handler(Context)
//
// A pattern is literal segments and variables: "/v1/sandboxes/{id}". Unknown path: 404; known path,
// other method: 405 with Allow. Pure; no threads. Tested by api/router_test.cc.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace strata::api {

// Percent-decodes `text`. kInvalidArgument: a broken escape, a control character, or no UTF-8.
Result<std::string> PercentDecode(std::string_view text);

struct Query {
  std::map<std::string, std::string> values;
  std::map<std::string, std::vector<std::string>> lists;
};
// "a=1&b=x%20y". Names of `lists` may occur more than once, and their values hold any character but
// zero. kInvalidArgument: a broken escape, or another name that occurs twice.
Result<Query> ParseQuery(std::string_view query,
                         std::initializer_list<std::string_view> lists = {});

class Router {
 public:
  using Variables = std::map<std::string, std::string>;

  // Adds a route; `id` is what Match returns.
  void Add(std::string_view method, std::string_view pattern, std::size_t id);

  struct Found {
    enum class Kind : std::uint8_t { kFound, kNoPath, kNoMethod } kind = Kind::kNoPath;
    std::size_t id = 0;
    Variables variables;
    std::string allow;  // for kNoMethod: "GET, DELETE"
  };
  // HEAD matches what GET does. `path` is not decoded yet; a segment that does not decode matches
  // no variable.
  [[nodiscard]] Found Match(std::string_view method, std::string_view path) const;

 private:
  struct Route {
    std::string method;
    std::vector<std::string> segments;  // "{id}" for a variable
    std::size_t id;
  };
  std::vector<Route> routes_;
};

}  // namespace strata::api
