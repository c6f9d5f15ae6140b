// gateway/hop_head.h - the head of a request as a front hands it on: the client's own, but for what
// belongs to the client's connection, and the hop field.
//
//   RequestHead, HopField --> [ AppendHopHead ] --over a cell's line--> the cell's parser
//
// A client's own hop field is dropped: a host cell believes the one that is there.
//
// Threads:  pure. Errors: none: the head was well formed when it came. Tested by hop_head_test.cc.
#pragma once

#include <string>
#include <string_view>

#include "cell/hop_field.h"
#include "http/message.h"

namespace strata::gateway {

enum class HopBody { kNone, kSized, kChunked };

// Adds the head to `out`, with the empty line at its end.
void AppendHopHead(const http::RequestHead& head, HopBody body, const cell::HopField& field,
                   std::string& out);

}  // namespace strata::gateway
