#include "http/parse/head_scanner.h"

#include "http/parse/ascii.h"

namespace strata::http {

HeadScanner::Step HeadScanner::Scan(std::string_view message) {
  for (;;) {
    const std::size_t end = message.find('\n', searched_);
    if (end == std::string_view::npos) {
      searched_ = message.size();
      return TooLong(message.size() - line_begin_);
    }
    if (end + 1 > limits_.bytes.count) return TooLong(end + 1 - line_begin_);
    if (end == line_begin_ || message[end - 1] != '\r') {
      return Reject(400, "a line ends with LF alone");
    }
    const std::string_view line = message.substr(line_begin_, end - 1 - line_begin_);
    line_begin_ = end + 1;
    searched_ = end + 1;
    const Step step = Line(line);
    if (step != Step::kNeedMore) return step;
  }
}

HeadScanner::Step HeadScanner::Line(std::string_view line) {
  if (start_line_seen_) {
    if (line.empty()) return Step::kComplete;
    return Field(line);
  }
  if (line.empty()) {
    if (skipped_ != 0) return Reject(400, "empty lines before the request line");
    skipped_ = line_begin_;
    return Step::kNeedMore;
  }
  if (line.size() > limits_.start_line.count) return Reject(414, "the request line is too long");
  if (!IsFieldText(line) || line.find('\t') != std::string_view::npos) {
    return Reject(400, "a control character in the request line");
  }
  start_line_seen_ = true;
  return Step::kNeedMore;
}

HeadScanner::Step HeadScanner::Field(std::string_view line) {
  if (++fields_ > limits_.fields) return Reject(431, "too many header fields");
  if (line.front() == ' ' || line.front() == '\t') {
    return Reject(400, "a header field is folded over several lines");
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return Reject(400, "a header field without a colon");
  if (!IsToken(line.substr(0, colon))) {
    return Reject(400, "a header name is empty or has a character that is not allowed");
  }
  if (!IsFieldText(line.substr(colon + 1))) {
    return Reject(400, "a control character in a header field");
  }
  return Step::kNeedMore;
}

// `unfinished` bytes of a line are here and its end is not, or lies over the limit.
HeadScanner::Step HeadScanner::TooLong(std::size_t unfinished) {
  if (!start_line_seen_ && unfinished > limits_.start_line.count) {
    return Reject(414, "the request line is too long");
  }
  if (line_begin_ + unfinished > limits_.bytes.count) {
    return Reject(431, "the header fields are too large");
  }
  return Step::kNeedMore;
}

HeadScanner::Step HeadScanner::Reject(std::uint16_t status, std::string_view detail) {
  rejection_ = Rejection{status, detail};
  return Step::kRejected;
}

void HeadScanner::Reset() noexcept {
  line_begin_ = 0;
  searched_ = 0;
  skipped_ = 0;
  fields_ = 0;
  start_line_seen_ = false;
}

}  // namespace strata::http
