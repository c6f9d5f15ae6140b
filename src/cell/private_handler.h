// cell/private_handler.h - what the private listener serves: the manager calls functions and
// sandboxes by name, whether a route leads to them or not.
//
//   /functions/<tenant>/<name>/<rest>   a call of that function, which sees /<rest>
//   /sandboxes/<id>/<rest>              a call of that addressable sandbox
//   POST + "Strata-Export: add"         a typed call: body [1, 2], answer {"results": [3]}
//
// Who may connect is the listening socket's business (its directory's mode).
// Threads: one loop. Lifetime: path and sandboxes outlive it. Tested by cell_test.cc.
#pragma once

#include <string>
#include <string_view>

#include "cell/sandboxes.h"
#include "http/exchange.h"
#include "route/request_path.h"

namespace strata::cell {

// A private target, taken apart. `rest` starts with '/' and keeps the query.
struct PrivateTarget {
  enum class Kind { kFunction, kSandbox } kind = Kind::kFunction;
  std::string_view tenant;  // of a function
  std::string_view name;    // of a function, or the sandbox's id
  std::string rest;
};

// kNotFound when `target` is neither form.
Result<PrivateTarget> ParsePrivateTarget(std::string_view target);

class PrivateHandler final : public http::Handler {
 public:
  PrivateHandler(route::RequestPath& path, Sandboxes& sandboxes)
      : path_(path), sandboxes_(sandboxes) {}

  Awaitable<void> Handle(http::Exchange& exchange) override;

 private:
  Result<route::RequestPath::Direct> Resolve(const http::RequestHead& head,
                                             const PrivateTarget& target) const;

  route::RequestPath& path_;
  Sandboxes& sandboxes_;
};

}  // namespace strata::cell
