#include "inventory/features.h"

#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <system_error>

#include <zlib.h>

#include "inventory/programs.h"

namespace strata::inventory {
namespace {

namespace fs = std::filesystem;

using advisor::StatedFeature;
using advisor::Text;
using advisor::Tried;
using Outcome = Tried::Outcome;

constexpr std::size_t kMostConfig = std::size_t{2} << 20;

Tried Here(bool here, Text evidence) {
  return {here ? Outcome::kHere : Outcome::kNotHere, std::move(evidence)};
}

Tried NotTried(Text why) { return {Outcome::kNotTried, std::move(why)}; }

Text Same(std::string text) { return {std::move(text), ""}; }

// Plain or compressed; nothing: there is none, or it is no such file.
std::optional<std::string> ReadConfig(const fs::path& file) {
  const std::unique_ptr<gzFile_s, decltype(&::gzclose)> in(::gzopen(file.c_str(), "rb"),
                                                           &::gzclose);
  if (in == nullptr) return std::nullopt;
  std::string text;
  std::array<char, 16384> chunk;
  while (text.size() <= kMostConfig) {
    const int got = ::gzread(in.get(), chunk.data(), chunk.size());
    if (got < 0) return std::nullopt;
    if (got == 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(got));
  }
  return std::nullopt;
}

class Trials {
 public:
  explicit Trials(const Places& places) : places_(places), release_(places.release) {
    utsname kernel{};
    if (release_.empty() && ::uname(&kernel) == 0) release_ = kernel.release;
    for (const fs::path& file : {fs::path("proc/config.gz"), fs::path("boot/config-" + release_)}) {
      config_ = ReadConfig(places_.root / file);
      if (!config_) continue;
      config_file_ = "/" + file.string();
      break;
    }
  }

  Tried Try(const StatedFeature& feature) {
    switch (feature.trial) {
      case StatedFeature::Trial::kProgram:
        return TryProgram(feature);
      case StatedFeature::Trial::kFound:
        return TryFound(feature);
      case StatedFeature::Trial::kFile:
        return TryFile(feature);
      case StatedFeature::Trial::kConfig:
        return TryConfig(feature);
      case StatedFeature::Trial::kRelease:
        return TryRelease(feature);
      case StatedFeature::Trial::kNone:
        break;
    }
    return NotTried(feature.why);
  }

 private:
  Tried TryProgram(const StatedFeature& feature) {
    std::string shown(feature.program);
    for (const std::string_view word : feature.arguments) {
      if (!word.empty()) shown += " " + std::string(word);
    }
    const auto answer = questions_.Ask(feature.program, feature.arguments);
    if (!answer) {
      return NotTried({std::string(feature.program) + " is not installed",
                       "未安装 " + std::string(feature.program)});
    }
    if (answer->empty()) return NotTried({shown + ": no answer", shown + "：无响应"});
    const bool here = answer->contains(feature.shows);
    const std::string what = "'" + std::string(feature.shows) + "'";
    return Here(here, {shown + (here ? " prints " : " does not print ") + what,
                       shown + (here ? " 输出 " : " 未输出 ") + what});
  }

  static Tried TryFound(const StatedFeature& feature) {
    const auto found = FindInstalled(feature.program);
    const std::string name(feature.program);
    return Here(found.has_value(),
                found ? Same(found->string()) : Text{name + " is not installed", "未安装 " + name});
  }

  Tried TryFile(const StatedFeature& feature) const {
    std::error_code ignored;
    const std::string file(feature.shows);
    const bool here = fs::exists(places_.root / file.substr(1), ignored);
    return Here(here, here ? Same(file) : Text{"there is no " + file, "没有 " + file});
  }

  Tried TryConfig(const StatedFeature& feature) const {
    if (!config_) {
      return NotTried({"the kernel's configuration is nowhere to be read", "无法读取内核配置"});
    }
    const std::string line = "\n" + std::string(feature.shows) + "\n";
    const bool here = ("\n" + *config_).contains(line);
    const std::string what(feature.shows);
    return Here(here, here ? Same(config_file_ + ": " + what)
                           : Text{config_file_ + " does not have " + what,
                                  config_file_ + " 中没有 " + what});
  }

  [[nodiscard]] Tried TryRelease(const StatedFeature& feature) const {
    const std::vector<int> here = advisor::ReadVersion(release_);
    if (here.empty()) return NotTried({"the kernel does not tell its release", "内核版本未知"});
    const std::vector<int> least = advisor::ReadVersion(feature.shows);
    return Here(!std::ranges::lexicographical_compare(here, least), Same("Linux " + release_));
  }

  const Places& places_;
  std::string release_;
  std::optional<std::string> config_;
  std::string config_file_;
  const Questions questions_;
};

}  // namespace

std::vector<Tried> TryFeatures(std::span<const StatedFeature> features, const Places& places) {
  Trials trials(places);
  std::vector<Tried> tried;
  for (const StatedFeature& each : features) tried.push_back(trials.Try(each));
  return tried;
}

advisor::FoundHere FindHere() {
  return {.versions = FindVersions(), .features = TryFeatures(advisor::StatedFeatures())};
}

}  // namespace strata::inventory
