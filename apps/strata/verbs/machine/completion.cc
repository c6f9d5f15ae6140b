// strata completion - shell completions, made from the command line's own definition.
#include <functional>
#include <memory>
#include <sstream>
#include <string>
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

// Words of a shell with nothing in them to quote, one blank between two.
class WordList {
 public:
  void Add(const std::string& word) { text_ += (text_.empty() ? "" : " ") + word; }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// What may follow a verb: those below it, its options, and the words that it takes one of.
std::string Words(const CLI::App& verb) {
  WordList words;
  for (const std::string& below : VerbsOf(verb)) words.Add(below);
  for (const CLI::Option* option : verb.get_options()) {
    for (const std::string& name : NamesOf(*option)) words.Add(name);
    if (!option->get_positional()) continue;
    for (const std::string& choice : ChoicesOf(*option)) words.Add(choice);
  }
  return words.text();
}

// The options of `strata` itself, which may stand behind every verb.
std::string GlobalOptions(const CLI::App& root) {
  WordList words;
  for (const CLI::Option* option : root.get_options()) {
    for (const std::string& name : NamesOf(*option)) words.Add(name);
  }
  return words.text();
}

// Arms of a `case` on "PATH OPTION": the options whose value is the next word, those that take
// none, and what a value may be. A name means another thing in each verb: -d of `up` takes nothing,
// that of `invoke` a body.
struct OptionArms {
  std::string with_value;
  std::string without;
  std::string choices;
};

// Those of `strata` itself (an empty path) may stand behind any path.
void AddArms(const CLI::App& verb, const std::string& path, OptionArms& arms) {
  for (const CLI::Option* option : verb.get_options()) {
    WordList choices;
    for (const std::string& choice : ChoicesOf(*option)) choices.Add(choice);
    for (const std::string& name : NamesOf(*option)) {
      const std::string arm = (path.empty() ? "*\"" : "\"") + path + " " + name + "\"";
      std::string& kind = TakesValue(*option) ? arms.with_value : arms.without;
      kind += (kind.empty() ? "" : "|") + arm;
      if (choices.text().empty()) continue;
      arms.choices += "    " + arm + ") offer=\"" + choices.text() + "\" ;;\n";
    }
  }
}

// The verbs are found among the words before the cursor, wherever options stand between them.
// zsh runs it, too: it keeps `path` and `words` to itself and has no mapfile. bash cuts
// "--output=json" into three words.
std::string Bash(const CLI::App& root) {
  std::string verbs;
  std::string words;
  OptionArms own;
  OptionArms global;
  AddArms(root, "", global);
  Each(root, "", [&](const CLI::App& verb, const std::string& path) {
    words += "    \"" + path + "\") offer=\"" + Words(verb) + "\" ;;\n";
    if (path.empty()) return;
    verbs += (verbs.empty() ? "\"" : "|\"") + path + "\"";
    AddArms(verb, path, own);
  });
  return "_strata() {\n"
         "  local at=\"\" word offer=\"\" i takes=\"\" last=\"${COMP_WORDS[COMP_CWORD]}\"\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    word=\"${COMP_WORDS[i]}\"\n"
         "    if [ \"$word\" = \"=\" ]; then continue; fi\n"
         "    if [ -n \"$takes\" ]; then takes=\"\"; continue; fi\n"
         "    case \"$at $word\" in\n"
         "    \" help\") continue ;;\n"
         "    " +
         own.with_value +
         ") takes=\"$word\"; continue ;;\n"
         "    " +
         own.without +
         ") continue ;;\n"
         "    " +
         global.with_value +
         ") takes=\"$word\"; continue ;;\n"
         "    *\" -\"*) continue ;;\n"
         "    esac\n"
         "    case \"${at:+$at }$word\" in\n"
         "    " +
         verbs +
         ") at=\"${at:+$at }$word\" ;;\n"
         "    esac\n"
         "  done\n"
         "  if [ \"$last\" = \"=\" ]; then last=\"\"; fi\n"
         "  if [ -n \"$takes\" ]; then\n"
         "    case \"$at $takes\" in\n" +
         own.choices + global.choices +
         "    esac\n"
         "  else\n"
         "    case \"$at\" in\n" +
         words +
         "    esac\n"
         "    case \"$last\" in\n"
         "    -*) offer=\"$offer " +
         GlobalOptions(root) +
         "\" ;;\n"
         "    esac\n"
         "  fi\n"
         "  COMPREPLY=($(compgen -W \"$offer\" -- \"$last\"))\n"
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

// What takes a word that we do not know is offered files, which fish is told off otherwise.
std::string FishOption(const CLI::Option& option, const std::string& seen) {
  std::string names;
  for (const std::string& name : option.get_lnames()) names += " -l " + name;
  for (const std::string& name : option.get_snames()) names += " -s " + name;
  if (names.empty()) return "";
  std::string choices;
  for (const std::string& choice : ChoicesOf(option)) choices += choice + " ";
  return "complete -c strata" + seen + names +
         (TakesValue(option) ? choices.empty() ? " -r -F" : " -r" : "") +
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

// Through the adapter that zsh has for bash's.
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
