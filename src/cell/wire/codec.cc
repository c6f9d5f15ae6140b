#include "cell/wire/codec.h"

#include <array>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "cell/wire/fields.h"  // NOLINT(misc-include-cleaner): its templates are found by their arguments
#include "cell/wire/messages.h"
#include "wire/message.h"

namespace strata::cell {
namespace {

// The "type" of a message, in the order of the variants.
constexpr std::array<std::string_view, std::variant_size_v<ToCell>> kToCellTypes = {
    "start",          "modules",      "listen",          "configure",   "create_sandbox",
    "delete_sandbox", "connected",    "drain",           "adopt",       "get_stats",
    "stop_listening", "add_endpoint", "remove_endpoint", "serve_front", "take_client"};
constexpr std::array<std::string_view, std::variant_size_v<ToManager>> kToManagerTypes = {
    "ready",   "configured", "sandbox_created", "sandbox_gone",      "connect",
    "drained", "state",      "stats",           "stopped_listening", "give_client"};

}  // namespace

std::string Encode(const ToCell& message) { return wire::EncodeAs(message, kToCellTypes); }
std::string Encode(const ToManager& message) { return wire::EncodeAs(message, kToManagerTypes); }
Result<ToCell> DecodeToCell(std::string_view text) {
  return wire::DecodeAs<ToCell>(text, kToCellTypes);
}
Result<ToManager> DecodeToManager(std::string_view text) {
  return wire::DecodeAs<ToManager>(text, kToManagerTypes);
}

}  // namespace strata::cell
