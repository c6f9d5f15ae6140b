// strata invoke - calls a function through the API.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client/guest_call.h"
#include "verbs.h"

namespace strata::cli {
namespace {

struct InvokeFlags {
  std::string name;
  std::string export_name;
  std::vector<std::string> arguments;
  GuestCall call;
};

// The arguments of an export, as the API takes them.
Result<std::string> NumbersOf(const InvokeFlags& flags) {
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

void Invoke(Session& session, const InvokeFlags& flags) {
  auto body = flags.export_name.empty() ? BodyOf(flags.call) : NumbersOf(flags);
  if (!body) return session.Report(body.error());
  Headers headers;
  if (!flags.export_name.empty()) {
    headers.emplace_back("Strata-Export", flags.export_name);
    headers.emplace_back("Content-Type", "application/json");
  }
  CallGuest(session, session.tenant + "/" + flags.name,
            ResourcePath(session.tenant, "functions", flags.name), std::move(headers),
            *std::move(body), flags.call);
}

}  // namespace

void AddInvoke(CLI::App& app, Session& session) {
  auto flags = std::make_shared<InvokeFlags>();
  CLI::App* verb = app.add_subcommand("invoke", "Call a function");
  verb->add_option("name", flags->name, "The function")->required();
  CLI::Option* numbers = verb->add_option("args", flags->arguments, "Numbers, for --export");
  AddCallOptions(*verb, flags->call);
  CLI::Option* of_module =
      verb->add_option("-e,--export", flags->export_name, "Call this export of a bare module");
  of_module->excludes("--data")->excludes("--type");
  numbers->needs(of_module);
  verb->footer(
      "The answer's body is printed whatever its status; 400 and above ends with exit code 1, a\n"
      "function that ends without an answer (a limit of its own, a crash) with 9.\n"
      "Examples:\n  strata invoke hello\n  strata invoke markdown -d @README.md\n"
      "  strata invoke math --export add 2 3");
  verb->callback([&session, flags] { Invoke(session, *flags); });
}

}  // namespace strata::cli
