#include "command_line.h"

#include <algorithm>
#include <string_view>

#include "base/text/strings.h"
#include "output.h"

namespace strata::cli {
namespace {

std::string Join(const std::vector<std::string>& words, std::string_view between) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += between;
    text += word;
  }
  return text;
}

const CLI::App* FindVerb(const CLI::App& verb, const std::string& name) {
  for (const CLI::App* each : verb.get_subcommands({})) {
    if (each->check_name(name)) return each;
  }
  return nullptr;
}

// Of `verb`, or of one that it is below: options of `strata` may stand anywhere.
const CLI::Option* FindOption(const CLI::App* verb, const std::string& name) {
  for (; verb != nullptr; verb = verb->get_parent()) {
    if (const CLI::Option* found = verb->get_option_no_throw(name)) return found;
  }
  return nullptr;
}

// "--tail" of "--tail=5", "-n" of "-ndemo".
std::string NameIn(const std::string& word) {
  return word.starts_with("--") ? word.substr(0, word.find('=')) : word.substr(0, 2);
}

// The verbs below `verb` that have the option, as "strata rollout start".
void VerbsWith(const CLI::App& verb, const std::string& path, const std::string& option,
               std::vector<std::string>& found) {
  for (const CLI::App* below : verb.get_subcommands({})) {
    const std::string there = path + " " + below->get_name();
    if (below->get_option_no_throw(option) != nullptr) found.push_back(there);
    VerbsWith(*below, there, option, found);
  }
}

// Whether the option takes a value in a verb below `verb`.
bool TakesValueBelow(const CLI::App& verb, const std::string& option) {
  return std::ranges::any_of(verb.get_subcommands({}), [&](const CLI::App* below) {
    const CLI::Option* const found = below->get_option_no_throw(option);
    return (found != nullptr && TakesValue(*found)) || TakesValueBelow(*below, option);
  });
}

// An option whose verb comes later, or never does.
std::string StrayOption(const CLI::App& root, const Place& place) {
  if (place.verb->get_option_no_throw(place.stray) != nullptr) {
    return place.stray + " belongs behind its verb: " + place.path + " " + place.stray;
  }
  std::vector<std::string> having;
  VerbsWith(root, root.get_name(), place.stray, having);
  if (having.empty()) return "";
  return place.stray + " belongs behind a verb that has it: " + Join(having, ", ");
}

bool TakesWords(const CLI::App& verb) {
  return std::ranges::any_of(verb.get_options(),
                             [](const CLI::Option* each) { return each->get_positional(); });
}

// What the verb there takes: "strata graph why FROM RELATION TO".
std::string UsageOf(const Place& place) {
  std::string usage = place.path;
  for (const CLI::Option* option : place.verb->get_options()) {
    const std::string name = option->get_name(/*positional=*/option->get_positional());
    if (option->get_required()) usage += " " + name;
    if (option->get_positional() && !option->get_required()) usage += " [" + name + "]";
  }
  return usage;
}

}  // namespace

Place PlaceOf(const CLI::App& root, const std::vector<std::string>& words) {
  Place place{.verb = &root, .path = root.get_name(), .unknown = {}, .stray = {}};
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") break;
    if (word.size() > 1 && word.starts_with('-')) {
      const std::string name = NameIn(word);
      const CLI::Option* const option = FindOption(place.verb, name);
      if (option == nullptr && place.stray.empty()) place.stray = name;
      const bool more = name == word && i + 1 < words.size();
      const bool takes = option != nullptr
                             ? TakesValue(*option)
                             : more && FindVerb(*place.verb, words[i + 1]) == nullptr &&
                                   TakesValueBelow(*place.verb, name);
      if (more && takes) ++i;
      continue;
    }
    if (const CLI::App* const below = FindVerb(*place.verb, word)) {
      place.verb = below;
      place.path += " " + below->get_name();
      continue;
    }
    if (!VerbsOf(*place.verb).empty() && !TakesWords(*place.verb)) place.unknown = word;
    break;
  }
  return place;
}

std::vector<std::string> VerbsOf(const CLI::App& verb) {
  std::vector<std::string> names;
  for (const CLI::App* each : verb.get_subcommands({})) names.push_back(each->get_name());
  return names;
}

bool TakesValue(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

std::string UnknownVerb(const Place& place) {
  const auto verbs = VerbsOf(*place.verb);
  const std::vector<std::string_view> names(verbs.begin(), verbs.end());
  const bool top = place.verb->get_parent() == nullptr;
  std::string text = "no verb '" + place.unknown + "'";
  if (!top) text = "'" + place.path + "' has " + text;
  const std::string meant = DidYouMean(place.unknown, names);
  if (!meant.empty()) return text + meant;
  return text + "; there are " + Join(verbs, ", ");
}

// CLI11 has them in the name of the check alone: "TEXT:{bash,zsh,fish}".
std::vector<std::string> ChoicesOf(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::size_t begin = type.find(":{");
  const std::size_t end = begin == std::string::npos ? begin : type.find('}', begin);
  if (end == std::string::npos) return {};
  std::vector<std::string> choices(1);
  for (const char c : std::string_view(type).substr(begin + 2, end - begin - 2)) {
    if (c == ',')
      choices.emplace_back();
    else
      choices.back() += c;
  }
  return choices;
}

void ReportUsage(const CLI::App& root, const CLI::ParseError& error,
                 const std::vector<std::string>& words) {
  const Place place = PlaceOf(root, words);
  std::string text = error.what();
  const std::string stray = place.stray.empty() ? "" : StrayOption(root, place);
  if (!stray.empty()) {
    text = stray;
  } else if (!place.unknown.empty() && place.stray.empty()) {
    text = UnknownVerb(place);
  } else if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr &&
             !VerbsOf(*place.verb).empty() && !TakesWords(*place.verb)) {
    text = "'" + place.path + "' needs one of its verbs: " + Join(VerbsOf(*place.verb), ", ");
  } else if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    // Its own text has them the wrong way round.
    text = "not expected: " + Join(root.remaining(true), " ");
  }
  PrintError(text);
  if (VerbsOf(*place.verb).empty()) PrintError("usage: " + UsageOf(place));
  PrintError("see '" + place.path + " --help'");
}

}  // namespace strata::cli
