#include "sandbox/call/log_lines.h"

#include <algorithm>

namespace strata::sandbox {

std::string_view StreamName(Stream stream) noexcept {
  switch (stream) {
    case Stream::kStdout:
      return "stdout";
    case Stream::kStderr:
      return "stderr";
    case Stream::kHost:
      break;
  }
  return "host";
}
namespace {

constexpr std::size_t kLongestLine = 8192;

}  // namespace

void LogLines::Write(std::string_view text) {
  if (sink_ == nullptr) return;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::size_t room = kLongestLine - line_.size();
    const std::size_t taken = std::min({end, text.size(), room});
    line_.append(text.substr(0, taken));
    text.remove_prefix(taken);
    if (taken == end) {
      text.remove_prefix(1);
      sink_->Write(stream_, line_);
      line_.clear();
    } else if (line_.size() == kLongestLine) {
      Flush();
    }
  }
}

void LogLines::Flush() {
  if (sink_ != nullptr && !line_.empty()) sink_->Write(stream_, line_);
  line_.clear();
}

}  // namespace strata::sandbox
