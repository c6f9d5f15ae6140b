// cell/wire/codec.h - the cell wire's messages to and from JSON text.
//
//   manager: cell_process.h <==[ codec: frames of wire/channel.h ]==> serving.h, compile_role.h
//
// The fields of each message are in fields.h, once for both directions; wire/message.h reads and
// writes them. Descriptors that a message speaks of go beside the frame, in the order that
// messages.h states.
//
// Threads:  pure; any. Errors: decoding is total: any bytes give a message or kInvalidArgument,
//           naming the field; unknown types and fields are refused. Encoding never fails.
// Tested by codec_test.cc.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "cell/wire/messages.h"

namespace strata::cell {

// The text of a frame.
std::string Encode(const ToCell& message);
std::string Encode(const ToManager& message);
Result<ToCell> DecodeToCell(std::string_view text);
Result<ToManager> DecodeToManager(std::string_view text);

}  // namespace strata::cell
