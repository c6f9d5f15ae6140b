// tests/contract/served.h - a server in a sandbox of the class under test, for the parts of the
// contract about servers.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tests/contract/driver_contract.h"

namespace strata::sandbox::contract {

// A server that runs beside a test's coroutine.
class Served {
 public:
  static constexpr std::uint16_t kPort = 8080;
  static constexpr std::chrono::milliseconds kPatience{20'000};

  Served(DriverContract& contract, std::unique_ptr<Sandbox> sandbox);

  Sandbox& operator*() const { return *sandbox_; }
  [[nodiscard]] DriverContract& contract() const { return contract_; }

  // Until it listens; false: it ended instead.
  Awaitable<bool> Ready();
  Awaitable<Result<model::Exit>> End();
  Awaitable<void> Pause();  // looks again later
  // Asks it to end and waits for that.
  Awaitable<void> Finish();

  // The body of its answer to a request for `path`, on a connection of its own, or on this one.
  Awaitable<std::string> Ask(std::string path);
  Awaitable<std::string> AskOn(const Fd& connection, std::string path);

 private:
  Awaitable<void> Run();

  DriverContract& contract_;
  Timer timer_;
  std::unique_ptr<Sandbox> sandbox_;
  std::optional<Result<model::Exit>> end_;
};

class Lines final : public LogSink {
 public:
  void Write(Stream, std::string_view text) override { text_.append(text).append(1, '\n'); }
  [[nodiscard]] bool Has(std::string_view text) const { return text_.contains(text); }

 private:
  std::string text_;
};

struct Pipe {
  Fd read;
  Fd write;
};
Pipe MakePipe();
std::string ReadAll(const Fd& from);

void Send(const Fd& connection, std::string_view request);
// What comes until it ends with `last`, the other side closes, or `patience` is over. The loop runs
// meanwhile: a class may need it to move the bytes.
Awaitable<std::string> Receive(Served& served, const Fd& connection, std::string_view last,
                               std::chrono::milliseconds patience);
// Sends, and waits for an answer that ends with "hello".
Awaitable<std::string> Exchange(Served& served, const Fd& connection, std::string_view request);

// Runs `program` beside the server, to its end.
Task<int> RunBeside(Sandbox& sandbox, Program program);

// Runs `scenario` with a server of the class, or checks that the class refuses to have one.
using Scenario = std::function<Awaitable<void>(Served&)>;
Spec ServerSpec(std::string id, LogSink* lines = nullptr);
void WithServer(DriverContract& contract, Scenario scenario, LogSink* lines = nullptr);
void WithServer(DriverContract& contract, Scenario scenario, const Spec& spec);

}  // namespace strata::sandbox::contract
