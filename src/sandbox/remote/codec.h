// sandbox/remote/codec.h - the messages of messages.h to and from a frame's bytes. Total: any bytes
// give a message or kInvalidArgument.
//
//   body bytes    'd' bytes
//   log line      'l' stream ('0' stdout, '1' stderr, '2' host) text
//   others        JSON, and for the two heads a zero byte before each of their texts
//
// Heads and lines may hold any bytes, which JSON cannot. Pure; no threads. Tested by codec_test.cc.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "sandbox/remote/messages.h"

namespace strata::sandbox::remote {

std::string Encode(const ToServer& message);
std::string Encode(const ToClient& message);
Result<ToServer> DecodeToServer(std::string_view bytes);
Result<ToClient> DecodeToClient(std::string_view bytes);

}  // namespace strata::sandbox::remote
