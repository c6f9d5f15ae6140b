#include "sandbox/call/cgi.h"

#include <array>
#include <charconv>
#include <utility>

#include "base/text/strings.h"
#include "http/parse/ascii.h"
#include "sandbox/call/guest_headers.h"

namespace strata::sandbox {
namespace {

// A head longer than this is no head.
constexpr std::size_t kLongestHead = 16 * 1024;
constexpr std::array<std::string_view, 3> kHeadFields = {"status", "content-type", "location"};
constexpr std::string_view kMediaField = "content-type";
constexpr std::string_view kPlainText = "text/plain; charset=utf-8";

// "name: value", with the name in lower case; nothing when it is no header field.
std::optional<std::pair<std::string, std::string>> ParseField(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !http::IsToken(line.substr(0, colon))) return {};
  const std::string_view value = http::TrimSpace(line.substr(colon + 1));
  if (!http::IsFieldText(value)) return {};
  return std::pair{Lower(line.substr(0, colon)), std::string(value)};
}

// The code of "404 Not Found"; nothing outside 200 to 599.
std::optional<std::uint16_t> ParseStatus(std::string_view value) {
  const std::string_view word = value.substr(0, value.find(' '));
  std::uint16_t code = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), code);
  if (error != std::errc() || end != word.data() + word.size()) return {};
  return code >= 200 && code <= 599 ? std::optional(code) : std::nullopt;
}

// Whether the first line is one of a head, or may still become one.
bool MayBeginHead(std::string_view output) {
  const std::size_t colon = output.find(':');
  const bool whole = colon != std::string_view::npos;
  const std::string first = Lower(output.substr(0, colon));
  return std::ranges::any_of(kHeadFields, [&](std::string_view name) {
    return whole ? name == first : name.starts_with(first);
  });
}

}  // namespace

model::Env CgiVariables(const Call& call) {
  model::Env variables{{"REQUEST_METHOD", std::string(call.head.method)},
                       {"SCRIPT_NAME", ""},
                       {"PATH_INFO", std::string(call.head.path)},
                       {"QUERY_STRING", std::string(call.head.query)}};
  if (call.head.content_length) {
    variables["CONTENT_LENGTH"] = std::to_string(*call.head.content_length);
  }
  for (const auto& [field, value] : GuestHeaders(call)) {
    std::string name;
    for (const char c : field) {
      name += c == '-' ? '_' : (c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
    }
    if (name == "CONTENT_LENGTH" || name == "PROXY") continue;
    if (name != "CONTENT_TYPE") name = "HTTP_" + name;
    const auto [known, added] = variables.try_emplace(name, value);
    if (!added) known->second.append(", ").append(value);
  }
  return variables;
}

// Goes on where it stopped: a guest may write its head byte by byte.
CgiOutput::Start CgiOutput::ReadLines() {
  if (line_ == 0 && !MayBeginHead(text_)) return Start::kBody;
  while (true) {
    const std::size_t end = text_.find('\n', searched_);
    if (end == std::string::npos) {
      searched_ = text_.size();
      return Start::kOpen;
    }
    std::string_view line = std::string_view(text_).substr(line_, end - line_);
    line_ = searched_ = end + 1;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) return Start::kHead;
    auto field = ParseField(line);
    if (!field) return Start::kBody;
    if (field->first == "status") {
      status_ = ParseStatus(field->second);
      if (!status_) return Start::kBody;
      continue;
    }
    redirects_ |= field->first == "location";
    lines_.headers.push_back(std::move(*field));
  }
}

void CgiOutput::Write(std::string_view output) {
  text_.append(output);
  if (decided_) return;
  const Start start = ReadLines();
  if (start == Start::kHead) {
    text_.erase(0, line_);
    lines_.status = status_.value_or(redirects_ ? 302 : 200);
    Decide(std::move(lines_));
  } else if (start == Start::kBody || text_.size() > kLongestHead) {
    Decide({});
  }
}

void CgiOutput::Finish(int status) {
  if (decided_) return;
  http::ResponseHead head;
  if (status != 0 && text_.empty()) head.status = 500;
  Decide(std::move(head));
}

void CgiOutput::Decide(http::ResponseHead head) {
  decided_ = true;
  const bool typed = std::ranges::any_of(
      head.headers, [](const auto& field) { return field.first == kMediaField; });
  if (!typed) head.headers.emplace_back(kMediaField, kPlainText);
  head_ = std::move(head);
}

std::optional<http::ResponseHead> CgiOutput::TakeHead() { return std::exchange(head_, {}); }

std::string_view CgiOutput::body() const noexcept {
  return decided_ ? std::string_view(text_) : std::string_view();
}

}  // namespace strata::sandbox
