// keeper/codec.h - the keeper wire's messages to and from JSON text. Total: any bytes give a
// message or kInvalidArgument naming the field. Pure; no threads. Tested by codec_test.cc.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "keeper/messages.h"

namespace strata::keeper {

std::string Encode(const ToKeeper& message);
std::string Encode(const ToManager& message);
Result<ToKeeper> DecodeToKeeper(std::string_view text);
Result<ToManager> DecodeToManager(std::string_view text);

}  // namespace strata::keeper
