// sandbox/oci/runtime/last_words.h - why an OCI runtime failed, from its log.
//
//   runc, runsc --log FILE--> [ LastWords ] --> an error's message (bundle.cc, the agent, kube)
//
// A log that is no JSON is given as it is. A guest may have a part in what is said: it is shown,
// never acted upon.
//
// Threads:  any; reads a file of 64 KiB at the most. Errors: none; a log that cannot be read says
//           nothing. Linked into the static agent, too: the standard library and base only.
// Tested by last_words_test.cc.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace strata::sandbox::oci {

// The last line of a log in JSON: its "msg". Nothing: the runtime had nothing to complain about.
std::optional<std::string> LastWords(const std::filesystem::path& log);

}  // namespace strata::sandbox::oci
