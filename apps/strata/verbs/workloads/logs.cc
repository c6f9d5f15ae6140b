// strata logs - what a function prints, and what the platform says about it.
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

void Logs(Session& session, const LogFlags& flags) {
  auto format = session.format();
  if (!format) return session.Report(format.error());
  http::ClientRequest request;
  request.target = ResourcePath(session.tenant, "functions", flags.name) +
                   "/logs?tail=" + std::to_string(flags.tail) +
                   (flags.follow ? "&follow=true" : "");
  http::FetchOptions options;
  if (flags.follow) options.timeout = Duration::max();
  std::string rest;  // of a line that is not complete yet
  options.on_body = [&](const http::ClientResponse&, std::string_view piece) {
    rest += piece;
    for (std::size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
      PrintLine(rest.substr(0, end), *format);
      rest.erase(0, end + 1);
    }
    std::fflush(stdout);
    return std::ferror(stdout) == 0;
  };
  auto answer = session.Ask(std::move(request), std::move(options));
  if (!answer) session.Report(answer.error());
}

}  // namespace

void AddLogs(CLI::App& app, Session& session) {
  auto flags = std::make_shared<LogFlags>();
  CLI::App* verb = app.add_subcommand("logs", "Show a function's output");
  verb->add_option("name", flags->name, "The function")->required();
  verb->add_flag("-f,--follow", flags->follow, "Go on with new lines");
  verb->add_option("--tail", flags->tail, "How many of the last lines")
      ->check(CLI::Range(0, 100000));
  verb->footer("-o json prints the lines as they are kept; -o wide adds trace ids.");
  verb->callback([&session, flags] { Logs(session, *flags); });
}

}  // namespace strata::cli
