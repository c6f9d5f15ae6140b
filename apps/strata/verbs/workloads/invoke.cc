// strata invoke - calls a function through the API.
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "base/files/files.h"
#include "verbs.h"

namespace strata::cli {
namespace {

constexpr Bytes kBodyLimit = 64_MiB;

struct InvokeFlags {
  std::string name;
  std::string path = "/";
  std::string data;
  std::string type;
  std::string export_name;
  std::vector<std::string> arguments;
  bool show_head = false;
};

Result<std::string> BodyOf(const InvokeFlags& flags) {
  if (!flags.export_name.empty()) {
    Json values = Json::array();
    for (const std::string& word : flags.arguments) {
      auto value = ParseJson(word);
      if (!value || !value->is_number()) {
        return Fail(Errc::kInvalidArgument, "argument '" + word + "' is not a number");
      }
      values.push_back(*value);
    }
    return DumpJson(values);
  }
  if (flags.data == "-") {
    return std::string(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
  }
  if (flags.data.starts_with('@')) return ReadFile(flags.data.substr(1), kBodyLimit);
  return flags.data;
}

void Invoke(Session& session, const InvokeFlags& flags) {
  auto body = BodyOf(flags);
  if (!body) return session.Report(body.error());
  http::ClientRequest request;
  request.method = "POST";
  request.target = ResourcePath(session.tenant, "functions", flags.name) +
                   "/invoke?path=" + PercentEncode(flags.path);
  if (!flags.type.empty()) request.headers.emplace_back("Content-Type", flags.type);
  if (!flags.export_name.empty()) {
    request.headers.emplace_back("Strata-Export", flags.export_name);
    request.headers.emplace_back("Content-Type", "application/json");
  }
  request.body = std::move(*body);
  auto answer = session.Ask(std::move(request));
  if (!answer) return session.Report(answer.error());
  if (flags.show_head) {
    Print("HTTP " + std::to_string(answer->status) + "\n");
    for (const auto& [name, value] : answer->headers) Print(name + ": " + value + "\n");
    Print("\n");
  }
  Print(answer->body);
}

}  // namespace

void AddInvoke(CLI::App& app, Session& session) {
  auto flags = std::make_shared<InvokeFlags>();
  CLI::App* verb = app.add_subcommand("invoke", "Call a function");
  verb->add_option("name", flags->name, "The function")->required();
  verb->add_option("args", flags->arguments, "Numbers, for --export");
  verb->add_option("-p,--path", flags->path, "Path and query that the guest sees");
  verb->add_option("-d,--data", flags->data, "Request body: text, @FILE, or - for standard input");
  verb->add_option("-t,--type", flags->type, "Content-Type of the body");
  verb->add_option("-e,--export", flags->export_name, "Call this export of a bare module");
  verb->add_flag("-i,--include", flags->show_head, "Print status and headers, too");
  verb->footer(
      "Examples:\n  strata invoke hello\n  strata invoke markdown -d @README.md\n"
      "  strata invoke math --export add 2 3");
  verb->callback([&session, flags] { Invoke(session, *flags); });
}

}  // namespace strata::cli
