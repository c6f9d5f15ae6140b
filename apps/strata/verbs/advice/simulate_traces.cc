#include "verbs/advice/simulate_traces.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/files/files.h"

namespace strata::cli {
namespace {

using namespace scheduler::simulate;  // NOLINT(google-build-using-namespace)

constexpr std::size_t kChunk = 64 * 1024;

class FileInput final : public Input {
 public:
  explicit FileInput(Fd fd) : fd_(std::move(fd)) {}
  Result<std::size_t> Read(std::span<char> to) override {
    for (;;) {
      const ssize_t got = ::read(fd_.get(), to.data(), to.size());
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) return FailErrno("read the trace", errno);
    }
  }

 private:
  Fd fd_;
};

// What standard input says, in a file without a name that goes with its descriptor.
Result<Fd> KeepInput() {
  std::error_code none;
  const std::filesystem::path folder = std::filesystem::temp_directory_path(none);
  if (none) return FailErrno("find a folder for the trace (TMPDIR)", none.value());
  auto kept = OpenFile(folder, O_TMPFILE | O_RDWR);
  if (!kept) return Wrap(std::move(kept).error(), "keep the trace, which is read several times");
  FileInput input(Fd(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)));
  std::vector<char> chunk(kChunk);
  for (;;) {
    auto got = input.Read(chunk);
    if (!got) return std::unexpected(std::move(got).error());
    if (*got == 0) return kept;
    auto put = WriteAll(kept->get(), {chunk.data(), *got});
    if (!put) return Wrap(std::move(put).error(), "keep the trace, which is read several times");
  }
}

Result<std::unique_ptr<Input>> Read(const std::string& file) {
  auto opened = OpenRegular(file);  // a trace is read several times
  if (!opened) return std::unexpected(std::move(opened).error());
  return std::make_unique<FileInput>(std::move(opened->fd));
}

}  // namespace

Result<Traces> Traces::Open(const Shape& shape, const std::string& file) {
  Traces traces;
  traces.shape_ = shape;
  traces.name_ = traces.file_ = file;
  if (file.empty()) {
    if (auto good = CheckShape(shape); !good) return std::unexpected(good.error());
    return traces;
  }
  if (file == "-") {
    auto kept = KeepInput();
    if (!kept) return std::unexpected(std::move(kept).error());
    traces.kept_ = std::make_shared<const Fd>(std::move(*kept));
    traces.name_ = "standard input";
    traces.file_ = "/proc/self/fd/" + std::to_string(traces.kept_->get());
  }
  auto input = Read(traces.file_);
  if (!input) return std::unexpected(std::move(input).error());
  auto functions = ScanCsv(**input);
  if (!functions) return Wrap(std::move(functions).error(), traces.name_);
  traces.functions_ = std::make_shared<const CsvFunctions>(std::move(*functions));
  return traces;
}

Result<std::unique_ptr<Trace>> Traces::Make() const {
  if (functions_ == nullptr) return std::make_unique<Generator>(shape_);
  auto input = Read(file_);
  if (!input) return std::unexpected(std::move(input).error());
  return std::make_unique<CsvTrace>(std::move(*input), functions_);
}

std::uint64_t Traces::calls() const {
  return functions_ == nullptr ? shape_.calls : functions_->calls;
}

Json Traces::ToJson(Duration span) const {
  Json json{{"calls", calls()},
            {"hours", std::chrono::duration<double, std::ratio<3600>>(span).count()}};
  if (functions_ != nullptr) {
    const auto& functions = functions_->functions;
    json["source"] = name_;
    json["functions"] = functions.size();
    json["functions_with_slo"] = std::ranges::count_if(
        functions, [](const Function& each) { return each.slo != model::Slo(); });
    return json;
  }
  const Fit fit = FitOf(shape_);
  json["source"] = "built in, after \"Serverless in the Wild\" (USENIX ATC 2020)";
  json["seed"] = shape_.seed;
  json["functions"] = shape_.functions;
  json["functions_with_slo"] = shape_.functions;
  json["popularity"] = {{"compression", fit.compression}, {"slower", fit.slower}};
  json["medium_security"] = shape_.medium_security;
  json["high_security"] = shape_.high_security;
  json["cold_start_sensitive"] = shape_.cold_start_sensitive;
  return json;
}

}  // namespace strata::cli
