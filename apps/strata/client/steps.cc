#include "client/steps.h"

#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <utility>

#include "base/text/strings.h"

namespace strata::cli {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::seconds kBetweenLines{2};
constexpr std::size_t kWidth = 100;  // of the line that changes: one that wraps cannot be cleared

std::string Mebibytes(std::uint64_t bytes) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f", static_cast<double>(bytes) / (1 << 20));
  return text.data();
}

class Steps {
 public:
  explicit Steps(Format format)
      : structured_(IsStructured(format)), changes_(!structured_ && ::isatty(STDERR_FILENO) == 1) {}
  Steps(const Steps&) = delete;
  Steps& operator=(const Steps&) = delete;
  ~Steps() {
    if (shown_ && changes_) std::fputs("\r\033[K", stderr);
  }

  void Show(const Json& step) {
    if (structured_) return Put(DumpJson({{"step", step}}) + "\n");
    std::string text = EscapeControl(StepText(step));
    if (changes_) {
      if (text.size() > kWidth) text.resize(kWidth);
      return Put("\r\033[K" + text);
    }
    const std::string kind =
        step.value("what", "") + step.value("subject", "") + std::to_string(step.value("item", 0));
    const auto now = SteadyClock::now();
    if (kind == last_ && now < next_) return;
    last_ = kind;
    next_ = now + kBetweenLines;
    Put(text + "\n");
  }

 private:
  void Put(std::string_view text) {
    shown_ = true;
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
  }

  const bool structured_;
  const bool changes_;  // one line
  bool shown_ = false;
  std::string last_;  // what the last line was about
  SteadyClock::time_point next_;
};

Error ErrorFrom(const Json& error) {
  return {ErrcFromName(error.value("code", "")), error.value("detail", "it failed")};
}

}  // namespace

std::string StepText(const Json& step) {
  std::string text = step.value("resource", "") + ": " + step.value("what", "");
  const auto item = step.value("item", std::uint32_t{0});
  const auto items = step.value("items", std::uint32_t{0});
  if (item > 0) {
    text += " layer " + std::to_string(item) + " of " + std::to_string(items);
  } else {
    text += " " + step.value("subject", "");
  }
  const auto bytes = step.value("bytes", std::uint64_t{0});
  const auto total = step.value("total", std::uint64_t{0});
  if (total > 0) {
    text += ", " + Mebibytes(bytes) + " of " + Mebibytes(total) + " MiB";
  } else if (bytes > 0) {
    text += ", " + Mebibytes(bytes) + " MiB";
  }
  return text;
}

Result<Json> AskWithSteps(Session& session, std::string target, const Json& body, Format format) {
  http::ClientRequest request;
  request.method = "POST";
  request.target = std::move(target);
  request.headers.emplace_back("Content-Type", "application/json");
  request.body = DumpJson(body);
  Steps steps(format);
  std::string rest;  // of a line that is not complete yet
  Result<Json> outcome = Fail(Errc::kUnavailable, "the server went away before it had answered");
  http::FetchOptions options;
  options.on_body = [&](const http::ClientResponse&, std::string_view piece) {
    rest += piece;
    for (std::size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
      auto line = ParseJson(rest.substr(0, end), Bytes::MiB(64));
      rest.erase(0, end + 1);
      if (!line || !line->is_object()) continue;  // an empty one keeps the stream alive
      if (line->contains("step")) steps.Show((*line)["step"]);
      if (line->contains("answer")) outcome = (*line)["answer"];
      if (line->contains("error")) outcome = std::unexpected(ErrorFrom((*line)["error"]));
    }
    return true;
  };
  auto answer = session.Ask(std::move(request), std::move(options));
  if (!answer) return std::unexpected(std::move(answer).error());
  return outcome;
}

}  // namespace strata::cli
