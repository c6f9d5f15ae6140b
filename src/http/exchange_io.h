// http/exchange_io.h - whole bodies and whole answers over an Exchange, for handlers that do not
// stream: the API, errors of the request path, tests.
//
//   a handler --ReadAll, Answer, AnswerProblem--> Exchange (exchange.h)
//
// Threads:  on the connection's loop. Lifetime: exchange and sink outlive the task.
// Errors:   those of exchange.h: once the client is gone there is nobody to answer. Tested by
//           server_test.cc, timeouts_test.cc.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/async/task.h"
#include "base/bytes.h"
#include "http/exchange.h"
#include "http/problem.h"

namespace strata::http {

// The request's body as text. Fails with kResourceExhausted when it is longer than `limit`.
Task<std::string> ReadAll(Exchange& exchange, Bytes limit);

// All of `from`, however slowly the client reads. `from` is borrowed until the task has ended.
Task<void> WriteAll(ResponseSink& sink, std::span<const std::byte> from);

// A complete answer; Content-Length is set here.
Task<void> Answer(ResponseSink& sink, ResponseHead head, std::string body);
Task<void> Answer(ResponseSink& sink, std::uint16_t status, std::string_view content_type,
                  std::string body);

// A complete application/problem+json answer.
Task<void> AnswerProblem(ResponseSink& sink, Problem problem);

}  // namespace strata::http
