// sandbox/fake/script.h - what a fake guest does with a call. The "artifact" of this class is one
// JSON object:
//
//   {"do": "hello"}                       answers "hello"
//   {"do": "answer", "status": 404, "body": "no", "headers": {"x-a": "b"}}
//   {"do": "echo"}                        answers the request's body, streaming
//   {"do": "large", "bytes": 1000000}     answers that many bytes
//   {"do": "count"}                       answers the number of calls so far, this one included
//   {"do": "log", "text": "a line"}       logs to stdout and stderr, then answers "hello"; "times"
//                                         says how often
//   {"do": "spin"}                        uses CPU until a limit, the deadline or Stop ends it
//   {"do": "trap"}                        dies
//   {"do": "lose"}                        is lost with the process that held it
//   {"do": "memory"} {"do": "table"}      exceeds that limit
//   {"do": "environment"}                 answers what a program's environment would be, NAME=value
//                                         each with a zero byte after it
//   {"do": "exit", "status": 3}           returns with that exit status and an empty answer
//
// "delay_ms" makes any of them wait first.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace strata::sandbox::fake {

enum class Action : std::uint8_t {
  kHello,
  kAnswer,
  kEcho,
  kLarge,
  kCount,
  kLog,
  kSpin,
  kTrap,
  kLose,
  kMemory,
  kTable,
  kExit,
  kEnvironment,
};

struct Script {
  Action action = Action::kHello;
  http::ResponseHead head;  // kAnswer; else 200
  std::string body;         // kAnswer, kLog (the line)
  std::size_t bytes = 0;    // kLarge
  std::size_t times = 1;    // kLog
  int status = 0;           // kExit
  std::chrono::milliseconds delay{0};
};

// Fails with kInvalidArgument: no JSON, an unknown action or field, a wrong type.
Result<Script> ParseScript(std::string_view text);

}  // namespace strata::sandbox::fake
