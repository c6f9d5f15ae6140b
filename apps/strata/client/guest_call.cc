#include "client/guest_call.h"

#include <iostream>
#include <iterator>
#include <utility>

#include "base/files/files.h"
#include "client/guest_end.h"
#include "exit_code.h"
#include "output.h"

namespace strata::cli {
namespace {

constexpr Bytes kBodyLimit = 64_MiB;
constexpr std::uint16_t kFirstError = 400;

}  // namespace

void AddCallOptions(CLI::App& verb, GuestCall& call) {
  verb.add_option("-p,--path", call.path, "Path and query that the guest sees");
  verb.add_option("-d,--data", call.data, "Request body: text, @FILE, or - for standard input");
  verb.add_option("-t,--type", call.type, "Content-Type of the body");
  verb.add_flag("-i,--include", call.show_head, "Print status and headers, too");
}

Result<std::string> BodyOf(const GuestCall& call) {
  if (call.data == "-") {
    return std::string(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
  }
  if (call.data.starts_with('@')) return ReadFile(call.data.substr(1), kBodyLimit);
  return call.data;
}

void CallGuest(Session& session, std::string_view name, std::string target, Headers headers,
               std::string body, const GuestCall& call) {
  http::ClientRequest request;
  request.method = "POST";
  request.target = std::move(target) + "/invoke?path=" + PercentEncode(call.path);
  request.headers = std::move(headers);
  if (!call.type.empty()) request.headers.emplace_back("Content-Type", call.type);
  request.body = std::move(body);
  http::FetchOptions options;
  options.timeout = Duration::max();  // the function's own deadline answers
  auto answer = session.Ask(std::move(request), std::move(options));
  if (!answer) return session.Report(answer.error());
  if (const auto end = EndOfGuest(*answer)) {
    PrintError(*end);
    session.exit_code = kGuestEnded;
    return;
  }
  if (call.show_head) {
    Print("HTTP " + std::to_string(answer->status) + "\n");
    for (const auto& [field, value] : answer->headers) Print(field + ": " + value + "\n");
    Print("\n");
  }
  Print(answer->body);
  if (answer->status < kFirstError) return;
  if (!answer->body.empty() && !answer->body.ends_with('\n')) Print("\n");
  std::fflush(stdout);
  PrintError(std::string(name) + " answered " + std::to_string(answer->status));
  session.exit_code = kFailed;
}

}  // namespace strata::cli
