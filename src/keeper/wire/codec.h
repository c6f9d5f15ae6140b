// keeper/wire/codec.h - the keeper wire's messages to and from JSON text.
//
//   manager: keeper_process.h <==[ codec: frames of wire/channel.h ]==> role.h
//
// The other side is trusted as little as the wire allows: decoding is total. A message is an object
// with its "type"; codec.cc names the fields, wire/message.h reads and writes them.
//
// Threads:  pure; any. Errors: decoding: kInvalidArgument, naming the field. Encoding never fails.
// Tested by codec_test.cc.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "keeper/wire/messages.h"

namespace strata::keeper {

// The text of a frame; descriptors, if the message has some, go beside it.
std::string Encode(const ToKeeper& message);
std::string Encode(const ToManager& message);
Result<ToKeeper> DecodeToKeeper(std::string_view text);
Result<ToManager> DecodeToManager(std::string_view text);

}  // namespace strata::keeper
