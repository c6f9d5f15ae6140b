// api/handlers/apply_request.h - manifests as a request brings them, and a progress that nobody
// hears of: what the requests that deploy something share.
//
//   POST /v1/apply, a rollout, ...: Json --> [ FilesFrom ] --> manager::Manager::Apply(..., Silent)
//
// Threads:  the loop's. Lifetime: Silent borrows its exchange, for one request.
// Errors:   kInvalidArgument (400), saying which member. Tested by tests/e2e/api_test.py.
#pragma once

#include <vector>

#include "base/result.h"
#include "base/text/json.h"
#include "http/exchange.h"
#include "manager/manager.h"
#include "manager/progress.h"

namespace strata::api {

// [{"name", "dir", "text"}]; not empty; without a tenant. kInvalidArgument: it is not of that form.
Result<std::vector<manager::ManifestFile>> FilesFrom(const Json& files);

// Only whether the client is still there.
class Silent final : public manager::Progress {
 public:
  explicit Silent(const http::Exchange& exchange) : exchange_(exchange) {}
  void Report(const manager::Step& /*step*/) override {}
  [[nodiscard]] bool abandoned() const override { return exchange_.client_gone(); }

 private:
  const http::Exchange& exchange_;
};

}  // namespace strata::api
