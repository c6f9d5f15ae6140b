// strata report - matrices, models, decisions, graph, roadmap and measurements as one HTML file.
#include "advisor/page/page.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "advisor/report/refusal.h"
#include "base/files/files.h"
#include "base/text/json.h"
#include "inventory/page_pictures.h"
#include "measure/record.h"
#include "records.h"
#include "report.h"
#include "verbs.h"

namespace strata::cli {
namespace {

using advisor::Refusal;
using advisor::Refuse;

constexpr const char* kFileName = "strata-report.html";
constexpr Bytes kMostPage = 64_MiB;

struct PageFlags {
  ReportFlags report;
  std::string out;
  std::string record;
};

// Where the page goes. kInvalidArgument, kFailedPrecondition: it cannot, or would replace what is
// no page of ours.
Result<std::filesystem::path> Destination(const std::string& out) {
  const std::filesystem::path folder = std::filesystem::absolute(out);
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) {
    return Refuse(Errc::kInvalidArgument, Refusal::kNoFolder, {out});
  }
  if (::access(folder.c_str(), W_OK | X_OK) != 0) {
    const int err = errno;
    return FailErrno("nothing can be written to '" + out + "'", err);
  }
  std::filesystem::path file = folder / kFileName;
  const auto status = std::filesystem::symlink_status(file, error);
  if (!std::filesystem::exists(status)) return file;
  const auto text = std::filesystem::is_regular_file(status) ? ReadFile(file, kMostPage)
                                                             : Result<std::string>("");
  if (!text || !text->starts_with(advisor::kPageBegins)) {
    return Refuse(Errc::kFailedPrecondition, Refusal::kNotOurPage, {file.string()});
  }
  return file;
}

Result<Json> WritePage(const Session& session, const PageFlags& flags) {
  const auto language = LanguageFor(flags.report, Format::kTable);
  if (!language) return std::unexpected(language.error());
  const auto file = Destination(flags.out);
  if (!file) return std::unexpected(file.error());
  auto record = LoadRecord(session, flags.record);
  if (!record) return std::unexpected(std::move(record).error());
  advisor::PageInput input{.language = *language, .record = std::move(*record)};
  if (auto drawn = inventory::DrawForPage(input); !drawn) {
    return std::unexpected(std::move(drawn).error());
  }
  const bool measured = !input.record.rows.empty();
  const std::string page = advisor::MakePage(input);
  auto written = WriteFileAtomic(*file, page, 0644);
  if (!written) return std::unexpected(std::move(written).error());
  return Json{{"file", file->string()}, {"bytes", page.size()}, {"measured", measured}};
}

void ShowPage(Session& session, const PageFlags& flags) {
  const auto format = session.format();
  if (!format) return session.Report(format.error());
  const auto written = WritePage(session, flags);
  if (!written) return ReportRefusal(session, flags.report, written.error());
  if (IsStructured(*format)) return PrintValue(*written, *format);
  Print(written->at("file").get<std::string>() + "\n");
  if (!written->at("measured").get<bool>()) {
    Print("nothing was measured here yet: 'strata measure', then this again\n");
  }
}

}  // namespace

void AddReport(CLI::App& app, Session& session) {
  auto flags = std::make_shared<PageFlags>();
  CLI::App* verb = app.add_subcommand(
      "report", "Matrices, models, decisions, graph, roadmap and measurements as one page");
  verb->add_option("--out", flags->out, "The folder that strata-report.html is written to")
      ->required();
  verb->add_option("--record", flags->record,
                   "Figures that 'strata measure --record' wrote, not the server's");
  AddReportFlags(*verb, flags->report);
  verb->footer(
      "Writes one HTML file: eight matrices as heat maps (claimed, recomputed, measured here), "
      "the\n"
      "models with their claims recomputed and how uncertain they are, decision trees for some\n"
      "cases, the whole knowledge graph, the roadmap. It has no script and asks for nothing from\n"
      "elsewhere; both languages are in it, --lang is the one shown first. Diagrams are pictures\n"
      "where Graphviz's dot is installed, else lists. A report that is there is replaced, "
      "anything\n"
      "else is not. Needs no server.\n"
      "Example:\n"
      "  strata measure --quick --record figures.json\n"
      "  strata report --out . --record figures.json");
  verb->callback([&session, flags] { ShowPage(session, *flags); });
}

}  // namespace strata::cli
