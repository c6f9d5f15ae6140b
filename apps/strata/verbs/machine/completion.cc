// strata completion - shell completions, made from the command line's own definition.
#include <memory>
#include <string>

#include "verbs.h"

namespace strata::cli {
namespace {

// The words that may follow `app`: its verbs and its options.
std::string Words(const CLI::App& app) {
  std::string words;
  for (const CLI::App* verb : app.get_subcommands({})) words += verb->get_name() + " ";
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) words += "--" + name + " ";
    for (const std::string& name : option->get_snames()) words += "-" + name + " ";
  }
  if (!words.empty()) words.pop_back();
  return words;
}

std::string Bash(const CLI::App& root) {
  std::string text =
      "_strata() {\n"
      "  local verb=\"${COMP_WORDS[1]}\" words\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "    words=\"" +
      Words(root) +
      "\"\n"
      "  else\n"
      "    case \"$verb\" in\n";
  for (const CLI::App* verb : root.get_subcommands({})) {
    text += "      " + verb->get_name() + ") words=\"" + Words(*verb) + "\" ;;\n";
  }
  text +=
      "    esac\n"
      "  fi\n"
      "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\")\n"
      "}\n"
      "complete -o default -F _strata strata\n";
  return text;
}

std::string Fish(const CLI::App& root) {
  std::string text = "complete -c strata -f\n";
  for (const CLI::App* verb : root.get_subcommands({})) {
    text += "complete -c strata -n __fish_use_subcommand -a " + verb->get_name() + " -d '" +
            verb->get_description() + "'\n";
    for (const CLI::Option* option : verb->get_options()) {
      for (const std::string& name : option->get_lnames()) {
        text += "complete -c strata -n '__fish_seen_subcommand_from " + verb->get_name() + "' -l " +
                name + " -d '" + option->get_description() + "'\n";
      }
    }
  }
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
