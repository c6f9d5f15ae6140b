// sandbox/oci/last_words.h - why an OCI runtime failed, from its log.
//
// Threads: any. Linked into the static agent, too: the standard library and base only.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace strata::sandbox::oci {

// The last line of a log in JSON: its "msg". Nothing: the runtime had nothing to complain about.
std::optional<std::string> LastWords(const std::filesystem::path& log);

}  // namespace strata::sandbox::oci
