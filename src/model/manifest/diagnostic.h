// model/manifest/diagnostic.h - what is wrong with a manifest, and where.
//
//   model/schema, while it reads --Problems::Add--> [ Diagnostic ] --> problem+json, commands
//
// All of them at once, not the first alone: whoever writes a manifest mends it in one go.
//
// Threads:  values; a Problems belongs to one reader. Never fails. Tested by manifest_test.cc.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace strata::model {

// One problem. Line and column count from 1; 0 means unknown (JSON from the API).
struct Diagnostic {
  std::string file;
  int line = 0;
  int column = 0;
  std::string path;  // "spec.limits.memory_mib", "spec.triggers[0].http.path"; may be empty
  std::string message;
  // "file:line:col: path: message", without the parts that are unknown; one line, printable.
  [[nodiscard]] std::string ToString() const;
  friend bool operator==(const Diagnostic&, const Diagnostic&) = default;
};

// The problems found so far. Hostile input could have millions; the first 100 are kept.
class Problems {
 public:
  explicit Problems(std::string file) : file_(std::move(file)) {}

  void Add(int line, int column, std::string path, std::string message);

  [[nodiscard]] std::size_t size() const noexcept { return list_.size(); }
  [[nodiscard]] bool full() const noexcept { return list_.size() >= kMax; }
  [[nodiscard]] std::vector<Diagnostic> Take() { return std::move(list_); }

 private:
  static constexpr std::size_t kMax = 100;
  std::string file_;
  std::vector<Diagnostic> list_;
};

// kInvalidArgument with all problems, one a line.
Error ToError(const std::vector<Diagnostic>& problems);

}  // namespace strata::model
