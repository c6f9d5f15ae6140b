// tests/support/cell_harness.h - a real strata-cell for tests: the test is its manager.
//
//   auto code = CompileModule(kHello);            // the compile role
//   TestCell cell; cell.Start();                  // the host role, Ready
//   cell.AddModule("k", code.fd); cell.Configure(...);
//   HttpClient(cell.port()).Get("/hello")
//
// Blocking and single-threaded: it runs its own loop while it waits for the cell. Every failure is
// a GoogleTest fatal failure of the caller (check HasFatalFailure) or a Result.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/async/task.h"
#include "base/files/fd.h"
#include "base/testing/temp_dir.h"
#include "base/text/json.h"
#include "cell/wire/messages.h"
#include "host/process/process.h"
#include "telemetry/ring.h"
#include "wire/channel.h"

namespace strata::testing {

// What CompileModule's code may be loaded with.
inline constexpr Bytes kMaxMemory = Bytes::MiB(64);
inline constexpr Bytes kReservation = Bytes::MiB(128);

// What the compile role made of a module (binary, or text that starts with '(').
struct CompiledModule {
  Json answer;  // kind, exports, engine_key; or error
  Fd code;
};
Result<CompiledModule> CompileModule(std::string_view wasm,
                                     std::vector<std::string> extra_flags = {});

// A bare module that answers every request with `text`.
std::string AnsweringModule(std::string_view text);

// A new directory that every user may read and write, removed with its content at the end.
class SharedDirectory {
 public:
  SharedDirectory();
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  void Write(const std::string& name, std::string_view content) const;

 private:
  const TempDir dir_{"/tmp"};  // every user may pass through it, whatever $TMPDIR is
  const std::string path_ = dir_.path();
};

class TestCell {
 public:
  struct Options {
    std::vector<std::string> flags;
    std::uint32_t orphan_exit_s = 60;
    std::uint32_t max_sandboxes = 64;
    Bytes ring = Bytes::MiB(1);
    std::string scratch_root;
  };

  explicit TestCell(Options options);
  TestCell() : TestCell(Options{}) {}
  TestCell(const TestCell&) = delete;
  TestCell& operator=(const TestCell&) = delete;
  ~TestCell();

  // Starts the program, sends Start and waits for Ready; then gives it a public listener.
  Result<cell::Ready> Start();

  Result<void> Send(cell::ToCell message, std::vector<Fd> fds = {});
  // The next message; `fds`, when given, gets its descriptors.
  Result<cell::ToManager> Receive(std::vector<Fd>* fds = nullptr);
  // The next message, which must be a T.
  template <typename T>
  Result<T> Expect() {
    auto message = Receive();
    if (!message) return std::unexpected(message.error());
    if (auto* wanted = std::get_if<T>(&*message)) return std::move(*wanted);
    return Fail(Errc::kInternal, "another message came, index " + std::to_string(message->index()));
  }

  Result<void> AddModule(const std::string& key, const Fd& code);
  // One function for every (name, module key), each routed at "/<name>". kInternal: the cell's
  // words.
  Result<void> Configure(std::vector<cell::Function> functions);

  // The manager goes away without a word.
  void CloseWire() { wire_.reset(); }
  // A later manager: connects to the control listener and adopts. The descriptors come along.
  Result<cell::State> Adopt(std::vector<Fd>& fds);

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] const std::string& private_path() const noexcept { return private_path_; }
  [[nodiscard]] const std::string& control_path() const noexcept { return control_path_; }
  [[nodiscard]] pid_t pid() const noexcept { return process_->pid(); }
  host::Process& process() { return *process_; }
  Result<host::ExitStatus> WaitForExit();
  telemetry::RingReader& ring() { return *ring_; }

  static cell::Function MakeFunction(std::string name, std::string module, bool service = false);

 private:
  Options options_;
  Loop loop_;
  const TempDir dir_;
  std::string private_path_, control_path_;
  std::uint16_t port_ = 0;
  std::uint32_t generation_ = 0;
  Fd public_listener_;
  Fd wire_socket_;
  std::optional<telemetry::RingReader> ring_;
  std::unique_ptr<wire::Channel> wire_;
  std::optional<host::Process> process_;
};

// A blocking HTTP/1.1 client with one kept-alive connection; bodies need a Content-Length or are
// chunked.
class HttpClient {
 public:
  struct Answer {
    int status = 0;
    std::string head;
    std::string body;
  };
  explicit HttpClient(std::uint16_t port);
  explicit HttpClient(const std::string& unix_path);

  Result<Answer> Request(std::string_view method, std::string_view target,
                         std::string_view headers = {}, std::string_view body = {});
  Result<Answer> Get(std::string_view target) { return Request("GET", target); }

 private:
  Result<void> Connect();
  Result<std::string> ReadMore();

  std::uint16_t port_ = 0;
  std::string unix_path_;
  Fd socket_;
  std::string buffer_;
};

}  // namespace strata::testing
