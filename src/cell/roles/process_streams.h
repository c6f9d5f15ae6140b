// cell/roles/process_streams.h - the standard streams of a process that runs one guest, as guests
// use them: a body, a sink, lines.
//
//   fd 0 --> [ ProcessInput ] --> guest --> [ ProcessOutput, ProcessLines ] --> fd 1, 2
//
// Writing blocks: it goes to whoever reads this process's output, and waits for it.
//
// Threads: one loop. Lifetime: the descriptors are the process's. Errors: FailErrno's.
// Tested by tests/kube.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "http/exchange.h"
#include "route/ports.h"
#include "sandbox/driver.h"

namespace strata::cell {

// Standard input. Never blocks: a guest may wait for other things, too.
class ProcessInput final : public http::BodySource {
 public:
  Result<std::size_t> TryRead(std::span<std::byte> to) override;
  [[nodiscard]] bool ended() const noexcept override { return ended_; }
  Task<void> Readable() override;

 private:
  bool ended_ = false;
};

// Standard output and error of a command that runs as a program (sandbox/wasm/program.h).
class ProcessOutput final : public http::ResponseSink, public sandbox::LogSink {
 public:
  Result<void> Head(http::ResponseHead head) override;
  Result<std::size_t> TryWrite(std::span<const std::byte> from) override;
  Task<void> Writable() override { co_return Result<void>(); }
  [[nodiscard]] bool head_sent() const noexcept override { return true; }
  void Write(sandbox::Stream stream, std::string_view text) override;
};

// What the sandboxes of a server print, line by line.
class ProcessLines final : public route::LineSink {
 public:
  void Write(const Line& line) override;
};

}  // namespace strata::cell
