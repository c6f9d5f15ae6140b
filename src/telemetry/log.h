// telemetry/log.h - the one logger: a message and key=value fields, as JSON lines or as text.
//
//   log.Info("cell started", {{"cell", name}, {"pid", pid}});
//
// A Logger is a cheap handle that is passed on by value; there is no global one. Lines go to
// stderr, to a file, or to a function (a cell hands them to its ring). Writing never throws and
// never fails the caller: a line that cannot be written is dropped and counted.
//
// Untrusted text is safe as message or value: control characters are escaped in both formats, and
// bytes that are no UTF-8 become U+FFFD in JSON. NEVER log a secret: not a key, token, request
// body, environment value or Authorization field; log its name or its SHA-256 prefix instead.
//
// Threads: thread-safe (one mutex around the write); starts no thread. Lifetime: handles share what
// they write to; the Clock must outlive them. Tested by telemetry/log_test.cc.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace strata::telemetry {

enum class Level : std::uint8_t { kDebug, kInfo, kWarn, kError, kOff };
std::string_view LevelName(Level level) noexcept;  // "debug", "info", "warn", "error", "off"
Result<Level> ParseLevel(std::string_view name);

enum class Format : std::uint8_t { kJson, kText };

using FieldValue = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;

// Borrowed for the call it is passed to.
struct Field {
  Field(std::string_view name, std::string_view text) : key(name), value(text) {}
  Field(std::string_view name, const std::string& text) : Field(name, std::string_view(text)) {}
  Field(std::string_view name, const char* text) : Field(name, std::string_view(text)) {}
  Field(std::string_view name, bool truth) : key(name), value(truth) {}
  Field(std::string_view name, std::signed_integral auto number)
      : key(name), value(static_cast<std::int64_t>(number)) {}
  Field(std::string_view name, std::unsigned_integral auto number)
      : key(name), value(static_cast<std::uint64_t>(number)) {}
  Field(std::string_view name, std::floating_point auto number)
      : key(name), value(static_cast<double>(number)) {}

  std::string_view key;  // [a-z0-9_.]; "ts", "level" and "msg" are taken
  FieldValue value;
};
using Fields = std::initializer_list<Field>;

struct LogOptions {
  Level level = Level::kInfo;
  Format format = Format::kJson;
  std::string file;  // appended to; empty: stderr
};

// Takes one finished line without its newline. Must not log itself.
using LineSink = std::function<void(Level level, std::string_view line)>;

class Logger {
 public:
  Logger() = default;  // writes nothing

  // Fails with the file's error.
  static Result<Logger> Open(const LogOptions& options, const Clock& clock);
  static Logger To(LineSink sink, Level level, Format format, const Clock& clock);

  // The same logger with `fields` in every line, after those it has.
  [[nodiscard]] Logger With(Fields fields) const;

  void Debug(std::string_view message, Fields fields = {}) const noexcept {
    Write(Level::kDebug, message, fields);
  }
  void Info(std::string_view message, Fields fields = {}) const noexcept {
    Write(Level::kInfo, message, fields);
  }
  void Warn(std::string_view message, Fields fields = {}) const noexcept {
    Write(Level::kWarn, message, fields);
  }
  void Error(std::string_view message, Fields fields = {}) const noexcept {
    Write(Level::kError, message, fields);
  }
  // The usual way to log a failure: its code and message become fields.
  void Error(std::string_view message, const strata::Error& error) const noexcept;

  void Write(Level level, std::string_view message, Fields fields = {}) const noexcept;

  [[nodiscard]] bool enabled(Level level) const noexcept;
  [[nodiscard]] std::uint64_t dropped() const noexcept;  // lines that could not be written

 private:
  struct Core;
  Logger(std::shared_ptr<Core> core, std::string fixed) noexcept;
  std::shared_ptr<Core> core_;  // null: writes nothing
  std::string fixed_;           // the fields of With(), formatted
};

}  // namespace strata::telemetry
