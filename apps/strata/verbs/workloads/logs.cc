// strata logs - what a function or service prints, and what the platform says about it.
#include <cstdio>
#include <memory>
#include <string>

#include "base/text/strings.h"
#include "verbs.h"

namespace strata::cli {
namespace {

struct LogFlags {
  std::string name;
  bool follow = false;
  std::uint32_t tail = 100;
};

void PrintLine(const std::string& line, Format format) {
  if (line.empty()) return;
  auto json = ParseJson(line);
  if (format == Format::kJson || !json) {
    Print(line + "\n");
    return;
  }
  const std::string stream = json->value("stream", "");
  const Colour colour = stream == "stdout"   ? Colour::kPlain
                        : stream == "stderr" ? Colour::kYellow
                                             : Colour::kRed;
  std::string text = json->value("ts", "") + " ";
  if (format == Format::kWide) text += json->value("trace_id", "-") + " ";
  text += Paint(stream, colour) + " " + EscapeControl(json->value("text", "")) + "\n";
  Print(text);
}

// Where there is no line: why it is not served, or that it has nothing to say.
void SayNothing(Session& session, const std::string& name) {
  const auto list = session.ListResources("", Session::Where::kHere);
  if (!list) return session.Report(list.error());
  for (const Json& item : list->at("items")) {
    if (item["metadata"]["name"] != name || item["kind"] == "Route") continue;
    const Json not_served = item["status"].value("not_served", Json::array());
    for (const Json& each : not_served) {
      PrintError(name + " is not served: " + each.value("because", ""));
    }
    if (!not_served.empty()) return;
  }
  PrintError(name + " has printed nothing yet");
}

void Logs(Session& session, const LogFlags& flags) {
  auto format = session.format();
  if (!format) return session.Report(format.error());
  http::ClientRequest request;
  request.target = ResourcePath(session.tenant, "functions", flags.name) +
                   "/logs?tail=" + std::to_string(flags.tail) +
                   (flags.follow ? "&follow=true" : "");
  http::FetchOptions options;
  if (flags.follow) options.timeout = Duration::max();
  bool printed = false;
  std::string rest;  // of a line that is not complete yet
  options.on_body = [&](const http::ClientResponse&, std::string_view piece) {
    rest += piece;
    printed = true;
    for (std::size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
      PrintLine(rest.substr(0, end), *format);
      rest.erase(0, end + 1);
    }
    std::fflush(stdout);
    return std::ferror(stdout) == 0;
  };
  auto answer = session.Ask(std::move(request), std::move(options));
  if (!answer) return session.Report(answer.error());
  if (!printed && flags.tail > 0) SayNothing(session, flags.name);
}

}  // namespace

void AddLogs(CLI::App& app, Session& session) {
  auto flags = std::make_shared<LogFlags>();
  CLI::App* verb = app.add_subcommand("logs", "Show what a function or service prints");
  verb->add_option("name", flags->name, "The function or service")->required();
  verb->add_flag("-f,--follow", flags->follow, "Go on with new lines");
  verb->add_option("--tail", flags->tail, "How many of the last lines")
      ->check(CLI::Range(0, 100000));
  verb->footer(
      "Also of what did not come up when it was to be deployed, with the reason, and of what was\n"
      "deleted. -o json prints the lines as they are kept; -o wide adds trace ids.");
  verb->callback([&session, flags] { Logs(session, *flags); });
}

}  // namespace strata::cli
