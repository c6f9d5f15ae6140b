// strata help - the help of a verb, for who asks for it that way.
#include <memory>
#include <string>
#include <vector>

#include "command_line.h"
#include "exit_code.h"
#include "verbs.h"

namespace strata::cli {

void AddHelp(CLI::App& app, Session& session) {
  auto words = std::make_shared<std::vector<std::string>>();
  CLI::App* verb = app.add_subcommand("help", "Say what a verb does and takes");
  verb->add_option("verb", *words, "As it is typed: rollout start");
  verb->footer("Example:\n  strata help rollout start");
  verb->callback([&app, &session, words] {
    const Place place = PlaceOf(app, *words);
    if (!place.unknown.empty()) {
      PrintError(UnknownVerb(place));
      session.exit_code = kUsage;
      return;
    }
    // App::help would follow the verb that was chosen, which is this one.
    Print(
        place.verb->get_formatter()->make_help(place.verb, place.path, CLI::AppFormatMode::Normal));
  });
}

}  // namespace strata::cli
