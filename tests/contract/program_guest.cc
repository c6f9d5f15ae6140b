#include "tests/contract/program_guest.h"

namespace strata::sandbox::contract {

const char* ProgramFor(Guest guest) {
  switch (guest) {
    case Guest::kHello:
      return "hello";
    case Guest::kCount:
      return "count";
    case Guest::kEcho:
      return "echo";
    case Guest::kLarge:
      return "large";
    case Guest::kLog:
      return "log";
    case Guest::kSpin:
      return "spin";
    case Guest::kTrap:
      return "trap";
    case Guest::kMemory:
      return "memory";
    case Guest::kEnv:
      return "environment";
    case Guest::kExit:
      return "exit-3";
    case Guest::kFetch:
      return "fetch";
    case Guest::kServer:
      return "serve";
    case Guest::kTable:
      break;
  }
  return "hello";
}

}  // namespace strata::sandbox::contract
