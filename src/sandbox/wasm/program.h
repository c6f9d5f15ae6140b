// sandbox/wasm/program.h - a command as a program: with arguments and plain streams, as no other
// class runs one, so driver.h has no word for it.
//
//   cell's command role --> [ RunProgram ] --> WasmSandbox, instead of Invoke
//
// Threads, lifetime: as Sandbox::Invoke. Tested by sandbox_test.cc.
#pragma once

#include <span>
#include <string>

#include "sandbox/driver.h"

namespace strata::sandbox::wasm {

// Runs the command of `sandbox` once: its arguments, its own name first, and the variables of its
// spec. `streams` are its standard input (body) and output (sink, without a head); the spec's log
// sink gets its standard error as it comes, not by lines. Errors as Invoke; kInvalidArgument: an
// argument with a NUL byte or that is not UTF-8; kUnsupported: no command, or of another class.
Task<model::Exit> RunProgram(Sandbox& sandbox, std::span<const std::string> arguments,
                             Call& streams);

}  // namespace strata::sandbox::wasm
