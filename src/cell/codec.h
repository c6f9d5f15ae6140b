// cell/codec.h - the cell wire's messages to and from JSON text. Total: any bytes give a message or
// kInvalidArgument naming the field; unknown types and fields are refused. Pure; no threads.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "cell/messages.h"

namespace strata::cell {

std::string Encode(const ToCell& message);
std::string Encode(const ToManager& message);
Result<ToCell> DecodeToCell(std::string_view text);
Result<ToManager> DecodeToManager(std::string_view text);

}  // namespace strata::cell
