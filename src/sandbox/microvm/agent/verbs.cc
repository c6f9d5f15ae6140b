#include "sandbox/microvm/agent/verbs.h"

#include <cstddef>
#include <string_view>

#include "sandbox/microvm/agent/copy.h"
#include "sandbox/microvm/agent/dial.h"
#include "sandbox/microvm/agent/gate.h"
#include "sandbox/microvm/agent/session.h"

namespace strata::sandbox::microvm::agent {

std::optional<int> RunVerb(const char* const* words) {
  std::size_t count = 0;
  while (words[count] != nullptr) ++count;
  const std::string_view verb = count == 0 ? "" : words[0];
  if (verb == "dial" && count == 2) return DialPort(words[1]);
  if (verb == "read" && count == 2) return ReadOut(words[1]);
  if (verb == "pack" && count == 2) return PackOut(words[1]);
  if (verb == "unpack" && count == 3) return UnpackIn(words[1], words[2]);
  if (verb == "end" && count == 3) return EndSession(words[1], words[2]);
  if (verb == "write" && count == 3) return WriteIn(words[1], words[2]);
  if (verb == "gate" && count > 1) return WaitAtGate(words + 1);
  return std::nullopt;
}

}  // namespace strata::sandbox::microvm::agent
