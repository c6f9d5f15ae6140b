#include "telemetry/log.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <iterator>
#include <mutex>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "base/text/json.h"
#include "base/text/strings.h"

namespace strata::telemetry {
namespace {

constexpr std::array<std::string_view, 5> kLevelNames = {"debug", "info", "warn", "error", "off"};

spdlog::level::level_enum ToSpdlog(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarn:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
    case Level::kOff:
      return spdlog::level::off;
  }
  return spdlog::level::off;
}

Level FromSpdlog(spdlog::level::level_enum level) {
  if (level <= spdlog::level::debug) return Level::kDebug;
  if (level == spdlog::level::info) return Level::kInfo;
  if (level == spdlog::level::warn) return Level::kWarn;
  return Level::kError;
}

// spdlog 1.10 has no sink that calls a function.
class FunctionSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FunctionSink(LineSink sink) : sink_(std::move(sink)) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    sink_(FromSpdlog(message.level), {message.payload.data(), message.payload.size()});
  }
  void flush_() override {}

 private:
  LineSink sink_;
};

std::string JsonText(std::string_view text) { return DumpJson(Json(text)); }

// Text values are quoted when a reader could not tell where they end.
std::string PlainText(std::string_view text) {
  const bool quoted = text.empty() || text.find_first_of(" =\"") != std::string_view::npos;
  if (!quoted) return EscapeControl(text);
  std::string result = "\"";
  for (const char character : text) {
    if (character == '"' || character == '\\') result += '\\';
    result += character;
  }
  return EscapeControl(result) + '"';
}

void AppendValue(std::string& line, const FieldValue& value, Format format) {
  const auto append = [&](const auto& held) {
    using Held = std::decay_t<decltype(held)>;
    if constexpr (std::is_same_v<Held, std::string_view>) {
      line += format == Format::kJson ? JsonText(held) : PlainText(held);
    } else if constexpr (std::is_same_v<Held, double>) {
      line += Json(held).dump();  // JSON knows no NaN and no infinity: they become null
    } else {
      fmt::format_to(std::back_inserter(line), "{}", held);
    }
  };
  std::visit(append, value);
}

void AppendFields(std::string& line, Fields fields, Format format) {
  for (const Field& field : fields) {
    if (format == Format::kJson) {
      fmt::format_to(std::back_inserter(line), ",{}:", JsonText(field.key));
    } else {
      fmt::format_to(std::back_inserter(line), " {}=", EscapeControl(field.key));
    }
    AppendValue(line, field.value, format);
  }
}

// RFC 3339 with microseconds, in UTC.
std::string Timestamp(WallTime time) {
  const auto micros =
      std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(micros);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(std::time_t{seconds.count()}),
                     (micros - seconds).count());
}

}  // namespace

struct Logger::Core {
  Core(spdlog::sink_ptr sink, Level least, Format line_format, const Clock& line_clock)
      : clock(line_clock), format(line_format), spdlog("strata", std::move(sink)) {
    spdlog.set_formatter(
        std::make_unique<spdlog::pattern_formatter>("%v", spdlog::pattern_time_type::utc));
    spdlog.set_level(ToSpdlog(least));
    spdlog.flush_on(spdlog::level::trace);  // a crash must not take the last lines with it
    spdlog.set_error_handler([this](const std::string&) { ++dropped; });
  }

  std::string Line(Level level, std::string_view message, const std::string& fixed,
                   Fields fields) const {
    const std::string time = Timestamp(clock.WallNow());
    std::string line;
    if (format == Format::kJson) {
      line = fmt::format(R"({{"ts":"{}","level":"{}","msg":{})", time, LevelName(level),
                         JsonText(message));
    } else {
      line = fmt::format("{} {:<5} {}", time, LevelName(level), EscapeControl(message));
    }
    line += fixed;
    AppendFields(line, fields, format);
    if (format == Format::kJson) line += '}';
    return line;
  }

  const Clock& clock;
  Format format;
  std::atomic<std::uint64_t> dropped{0};
  spdlog::logger spdlog;
};

std::string_view LevelName(Level level) noexcept {
  return kLevelNames[static_cast<std::size_t>(level)];
}

Result<Level> ParseLevel(std::string_view name) {
  const auto found = std::ranges::find(kLevelNames, name);
  if (found == kLevelNames.end()) {
    return Fail(Errc::kInvalidArgument, "no log level '" + std::string(name) +
                                            "' (there are debug, info, warn, error and off)");
  }
  return static_cast<Level>(found - kLevelNames.begin());
}

Logger::Logger(std::shared_ptr<Core> core, std::string fixed) noexcept
    : core_(std::move(core)), fixed_(std::move(fixed)) {}

Result<Logger> Logger::Open(const LogOptions& options, const Clock& clock) {
  try {
    spdlog::sink_ptr sink;
    if (options.file.empty()) {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.file);
    }
    return Logger(std::make_shared<Core>(std::move(sink), options.level, options.format, clock),
                  {});
  } catch (const spdlog::spdlog_ex& error) {
    return Fail(Errc::kUnavailable, std::string("open log: ") + error.what());
  }
}

Logger Logger::To(LineSink sink, Level level, Format format, const Clock& clock) {
  return Logger(
      std::make_shared<Core>(std::make_shared<FunctionSink>(std::move(sink)), level, format, clock),
      {});
}

Logger Logger::With(Fields fields) const {
  if (!core_) return {};
  std::string fixed = fixed_;
  AppendFields(fixed, fields, core_->format);
  return Logger(core_, std::move(fixed));
}

void Logger::Error(std::string_view message, const strata::Error& error) const noexcept {
  Write(Level::kError, message, {{"code", ErrcName(error.code)}, {"error", error.message}});
}

void Logger::Write(Level level, std::string_view message, Fields fields) const noexcept {
  if (!enabled(level)) return;
  try {
    const std::string line = core_->Line(level, message, fixed_, fields);
    core_->spdlog.log(ToSpdlog(level), spdlog::string_view_t(line.data(), line.size()));
  } catch (...) {  // no memory, or a sink function that throws: a log line is not worth a crash
    ++core_->dropped;
  }
}

bool Logger::enabled(Level level) const noexcept {
  return core_ && level != Level::kOff && core_->spdlog.should_log(ToSpdlog(level));
}

std::uint64_t Logger::dropped() const noexcept { return core_ ? core_->dropped.load() : 0; }

}  // namespace strata::telemetry
