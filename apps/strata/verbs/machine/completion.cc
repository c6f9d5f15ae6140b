// strata completion - shell completions, made from the command line's own definition.
#include <functional>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "command_line.h"
#include "verbs.h"

namespace strata::cli {
namespace {

// Calls `take` for a verb and all below it, each with its path: "", "rollout", "rollout start".
void Each(const CLI::App& verb, const std::string& path,
          const std::function<void(const CLI::App&, const std::string&)>& take) {
  take(verb, path);
  for (const CLI::App* below : verb.get_subcommands({})) {
    Each(*below, path.empty() ? below->get_name() : path + " " + below->get_name(), take);
  }
}

// "--output" and "-o" of one.
std::vector<std::string> NamesOf(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  return names;
}

// What may follow a verb: those below it, its options, and the words that it takes one of.
std::string Words(const CLI::App& verb) {
  std::string words;
  const auto add = [&](const std::string& word) { words += (words.empty() ? "" : " ") + word; };
  for (const std::string& below : VerbsOf(verb)) add(below);
  for (const CLI::Option* option : verb.get_options()) {
    for (const std::string& name : NamesOf(*option)) add(name);
    if (!option->get_positional()) continue;
    for (const std::string& choice : ChoicesOf(*option)) add(choice);
  }
  return words;
}

// The options whose value is the next word: as the patterns of a `case`.
std::string WithValues(const CLI::App& root) {
  std::set<std::string> names;
  Each(root, "", [&](const CLI::App& verb, const std::string&) {
    for (const CLI::Option* option : verb.get_options()) {
      if (!TakesValue(*option)) continue;
      for (std::string& name : NamesOf(*option)) names.insert(std::move(name));
    }
  });
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : "|") + name;
  return text;
}

// The verbs are found among the words before the cursor, wherever options stand between them.
std::string Bash(const CLI::App& root) {
  std::string verbs;
  std::string words;
  std::string values;
  Each(root, "", [&](const CLI::App& verb, const std::string& path) {
    if (!path.empty()) verbs += (verbs.empty() ? "\"" : "|\"") + path + "\"";
    words += "    \"" + path + "\") words=\"" + Words(verb) + "\" ;;\n";
    for (const CLI::Option* option : verb.get_options()) {
      const auto choices = ChoicesOf(*option);
      if (choices.empty()) continue;
      for (const std::string& name : NamesOf(*option)) {
        values += "    \"" + path + " " + name + "\") words=\"";
        for (const std::string& choice : choices) values += choice + " ";
        values.back() = '"';
        values += " ;;\n";
      }
    }
  });
  return "_strata() {\n"
         "  local path=\"\" word words=\"\" i takes=\"\"\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    word=\"${COMP_WORDS[i]}\"\n"
         "    if [ -n \"$takes\" ]; then takes=\"\"; continue; fi\n"
         "    case \"$word\" in\n"
         "    " +
         WithValues(root) +
         ") takes=\"$word\"; continue ;;\n"
         "    -*) continue ;;\n"
         "    esac\n"
         "    case \"${path:+$path }$word\" in\n"
         "    " +
         verbs +
         ") path=\"${path:+$path }$word\" ;;\n"
         "    esac\n"
         "  done\n"
         "  if [ -n \"$takes\" ]; then\n"
         "    case \"$path $takes\" in\n" +
         values +
         "    esac\n"
         "  else\n"
         "    case \"$path\" in\n" +
         words +
         "    esac\n"
         "  fi\n"
         "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\")\n"
         "}\n"
         "complete -o default -F _strata strata\n";
}

// A word of fish: nothing in it means anything but itself.
std::string Quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c == '\n' ? ' ' : c;
  }
  return quoted + "'";
}

// When fish offers what belongs to the verb at `path`.
std::string Seen(const std::string& path) {
  if (path.empty()) return "";
  std::string test;
  std::istringstream words(path);
  for (std::string word; words >> word;) {
    test += (test.empty() ? "" : "; and ") + ("__fish_seen_subcommand_from " + word);
  }
  return " -n " + Quoted(test);
}

std::string FishOption(const CLI::Option& option, const std::string& seen) {
  std::string names;
  for (const std::string& name : option.get_lnames()) names += " -l " + name;
  for (const std::string& name : option.get_snames()) names += " -s " + name;
  if (names.empty()) return "";
  std::string choices;
  for (const std::string& choice : ChoicesOf(option)) choices += choice + " ";
  return "complete -c strata" + seen + names + (TakesValue(option) ? " -r" : "") +
         (choices.empty() ? "" : " -a " + Quoted(choices)) + " -d " +
         Quoted(option.get_description()) + "\n";
}

std::string Fish(const CLI::App& root) {
  std::string text = "complete -c strata -f\n";
  Each(root, "", [&](const CLI::App& verb, const std::string& path) {
    const std::string seen = Seen(path);
    for (const CLI::App* below : verb.get_subcommands({})) {
      text += "complete -c strata" + (path.empty() ? " -n __fish_use_subcommand" : seen) + " -a " +
              below->get_name() + " -d " + Quoted(below->get_description()) + "\n";
    }
    for (const CLI::Option* option : verb.get_options()) text += FishOption(*option, seen);
  });
  return text;
}

// zsh runs bash's completions through its own adapter.
std::string Zsh(const CLI::App& root) {
  return "#compdef strata\nautoload -U +X bashcompinit && bashcompinit\n" + Bash(root);
}

}  // namespace

void AddCompletion(CLI::App& app, Session&) {
  auto shell = std::make_shared<std::string>();
  CLI::App* verb = app.add_subcommand("completion", "Print completions for a shell");
  verb->add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  verb->footer("Example:\n  source <(strata completion bash)");
  verb->callback([&app, shell] {
    Print(*shell == "bash" ? Bash(app) : *shell == "fish" ? Fish(app) : Zsh(app));
  });
}

}  // namespace strata::cli
