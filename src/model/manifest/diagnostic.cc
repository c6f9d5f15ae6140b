#include "model/manifest/diagnostic.h"

#include "base/text/strings.h"

namespace strata::model {
namespace {

constexpr std::size_t kMaxMessage = 400;

}  // namespace

std::string Diagnostic::ToString() const {
  std::string text;
  if (!file.empty()) text = EscapeControl(file) + ":";
  if (line > 0) text += std::to_string(line) + ":" + std::to_string(column) + ":";
  if (!text.empty()) text += ' ';
  if (!path.empty()) text += EscapeControl(path) + ": ";
  return text + EscapeControl(message);
}

void Problems::Add(int line, int column, std::string path, std::string message) {
  if (full()) return;
  // Values and keys of the input are quoted in here, and they may be as long as the input.
  if (message.size() > kMaxMessage) message = message.substr(0, kMaxMessage) + "...";
  if (path.size() > kMaxMessage) path = path.substr(0, kMaxMessage) + "...";
  list_.push_back({file_, line, column, std::move(path), std::move(message)});
}

Error ToError(const std::vector<Diagnostic>& problems) {
  Error error{Errc::kInvalidArgument, ""};
  for (const Diagnostic& problem : problems) {
    if (!error.message.empty()) error.message += '\n';
    error.message += problem.ToString();
  }
  return error;
}

}  // namespace strata::model
