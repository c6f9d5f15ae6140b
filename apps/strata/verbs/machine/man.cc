// strata man - the manual page, made from the command line's own definition.
#include <algorithm>
#include <cctype>
#include <string>

#include "verbs.h"

namespace strata::cli {
namespace {

// Text as roff takes it: no escape and no request at a line's start.
std::string Roff(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
    if (c == '\n') out += "\\&";
  }
  return out;
}

std::string Section(const CLI::App& app) {
  std::string text;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_name().empty()) continue;
    text += ".TP\n.B " + Roff(option->get_name(false, true)) + "\n" +
            Roff(option->get_description()) + "\n";
  }
  if (!app.get_footer().empty()) text += ".PP\n.nf\n" + Roff(app.get_footer()) + "\n.fi\n";
  return text;
}

// Verbs below a verb are parts of its section.
std::string Below(const CLI::App& verb, const std::string& path) {
  std::string text;
  for (const CLI::App* below : verb.get_subcommands({})) {
    const std::string name = path + " " + below->get_name();
    text += ".SS " + Roff(name) + "\n" + Roff(below->get_description()) + ".\n" + Section(*below) +
            Below(*below, name);
  }
  return text;
}

std::string Page(const CLI::App& root) {
  std::string text = ".TH STRATA 1 \"\" \"Strata " STRATA_VERSION "\"\n.SH NAME\n" +
                     Roff(root.get_description()) +
                     "\n.SH SYNOPSIS\n.B strata\n.I verb\n[options]\n.SH OPTIONS\n" + Section(root);
  for (const CLI::App* verb : root.get_subcommands({})) {
    std::string title = verb->get_name();
    std::transform(title.begin(), title.end(), title.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    text += ".SH " + title + "\n" + Roff(verb->get_description()) + ".\n" + Section(*verb) +
            Below(*verb, verb->get_name());
  }
  return text;
}

}  // namespace

void AddMan(CLI::App& app, Session&) {
  CLI::App* verb = app.add_subcommand("man", "Print the manual page (strata man | man -l -)");
  verb->callback([&app] { Print(Page(app)); });
}

}  // namespace strata::cli
