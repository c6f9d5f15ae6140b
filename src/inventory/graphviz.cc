#include "inventory/graphviz.h"

#include <chrono>
#include <utility>

#include "advisor/report/refusal.h"
#include "base/bytes.h"
#include "host/process/process.h"
#include "inventory/programs.h"

namespace strata::inventory {
namespace {

using advisor::Refusal;
using advisor::Refuse;

constexpr std::chrono::seconds kDrawing{20};

Result<std::string> RunGraphviz(const char* form, const std::string& dot) {
  const auto program = FindInstalled("dot");
  if (!program) return Refuse(Errc::kFailedPrecondition, Refusal::kNoGraphviz, {});
  auto ran = host::RunToEnd({.program = *program, .arguments = {form}}, kDrawing, 16_MiB, dot);
  if (!ran) return Wrap(std::move(ran).error(), "dot");
  if (!ran->status.success()) return Fail(Errc::kInternal, "dot: " + ran->err);
  return std::move(ran->out);
}

}  // namespace

bool HasGraphviz() { return FindInstalled("dot").has_value(); }

Result<std::string> DrawWithGraphviz(const std::string& dot) { return RunGraphviz("-Tsvg", dot); }

Result<std::string> LayOutWithGraphviz(const std::string& dot) {
  return RunGraphviz("-Tplain", dot);
}

}  // namespace strata::inventory
