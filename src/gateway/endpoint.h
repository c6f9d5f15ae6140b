// gateway/endpoint.h - one host cell as a front reaches it, and the connections to it.
//
//   Endpoints --> [ Endpoint: line, idle connections ] --HTTP/1.1 over AF_UNIX--> cell::FrontLines
//
// A new connection is a pair of sockets, of which one end goes over the line: nobody is waited for,
// and no path or address is needed. The cell's end belongs to that cell alone, so what a cell says
// can reach only clients whose requests it was given.
//
// Threads: one loop. Lifetime: loop, deadlines and batch outlive it. Tested by endpoints_test.cc.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/async/task.h"
#include "base/clock.h"
#include "base/files/fd.h"
#include "http/parse/input_buffer.h"
#include "http/server/answer_batch.h"
#include "http/server/deadlines.h"
#include "http/transport.h"
#include "wire/channel.h"

namespace strata::gateway {

// One connection to a host cell, for one request after another.
class HopConnection final : public http::AnswerBatch::Sender {
 public:
  HopConnection(http::Transport::Socket socket, http::Deadlines& deadlines,
                http::AnswerBatch& batch)
      : transport(std::move(socket), deadlines), batch_(batch) {}
  HopConnection(const HopConnection&) = delete;
  HopConnection& operator=(const HopConnection&) = delete;
  ~HopConnection() { batch_.Forget(*this); }

  // Room for the next request's first bytes: its head, and a small body.
  std::string& Begin() noexcept {
    out_.clear();
    sent_ = 0;
    return out_;
  }
  // Sends what the kernel takes of them. False: some is left.
  bool Flush() noexcept override;
  // Sends them with other requests if that pays, else now; false as Flush.
  bool FlushSoon() { return batch_.Hold(*this) || Flush(); }
  [[nodiscard]] bool untouched() const noexcept { return sent_ == 0; }  // none was sent

  http::Transport transport;
  http::InputBuffer input;
  std::string decoded;  // of a chunked answer, on its way to the client

 private:
  http::AnswerBatch& batch_;
  std::string out_;
  std::size_t sent_ = 0;
};

class Endpoint : public std::enable_shared_from_this<Endpoint> {
 public:
  // The most connections, and so the most requests, that a front has with one cell at a time.
  static constexpr std::size_t kMostConnections = 512;
  static constexpr std::size_t kMostIdle = 128;

  // `line`: a connected stream socket whose other end a cell::FrontLines serves.
  Endpoint(Loop& loop, http::Deadlines& deadlines, http::AnswerBatch& batch, std::string cell,
           Fd line);

  // Calls `on_lost` once, when the cell has closed the line.
  void Watch(std::function<void()> on_lost);

  // When each request that the cell has was handed on, the oldest first.
  using Begun = std::list<TimePoint>;
  struct Taken {
    std::unique_ptr<HopConnection> connection;
    Begun::iterator begun;
  };

  // For a request that is handed on now: a connection that was kept, or a new one. Nothing: there
  // are too many, or the cell is gone.
  std::optional<Taken> Take(TimePoint now);
  // Ends a Take; its connection may carry another request, or is null.
  void Return(Taken taken);
  // The cell has at least `count` requests that were handed on after `since`.
  [[nodiscard]] bool HasNew(std::size_t count, TimePoint since) const noexcept;

  // A kept connection turned out to be closed: the others are probably, too.
  void DropIdle() { idle_.clear(); }

  // Makes no more connections, and drops those that are idle.
  void Close();

  [[nodiscard]] const std::string& cell() const noexcept { return cell_; }
  [[nodiscard]] std::size_t taken() const noexcept { return begun_.size(); }
  [[nodiscard]] bool closed() const noexcept { return closed_; }

 private:
  std::unique_ptr<HopConnection> Make();

  Loop& loop_;
  http::Deadlines& deadlines_;
  http::AnswerBatch& batch_;
  const std::string cell_;
  wire::Channel line_;
  std::vector<std::unique_ptr<HopConnection>> idle_;  // the warmest at the end
  Begun begun_;
  bool closed_ = false;
};

}  // namespace strata::gateway
