// kube/shim/task/console.h - the terminal of a process: bytes between it and the FIFOs that
// containerd named, and its size.
//
//   runtime --descriptor--> ConsoleSocket --> Console <--> stdin and stdout FIFOs
//
// Nothing is kept: while nobody reads the output, the program that writes it waits.
//
// Threads:  one loop. Lifetime: what it has under way keeps it alive until the program has let go
//           of its terminal, or Close().
// Errors:   FailErrno's codes.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include "base/async/task.h"
#include "base/files/fd.h"
#include "host/process/terminal.h"
#include "kube/shim/task/stdio.h"

namespace strata::kube::shim {

// Where an OCI runtime sends the terminal that it made (its --console-socket).
class ConsoleSocket {
 public:
  // In `directory`, as `name`, until the destructor removes it. The path that path() gives is
  // short, however long the directory's is.
  static Result<ConsoleSocket> Listen(const std::string& directory, const std::string& name);
  ConsoleSocket(ConsoleSocket&&) = default;
  ConsoleSocket& operator=(ConsoleSocket&&) = delete;
  ~ConsoleSocket();

  [[nodiscard]] std::string path() const;

  // The outer side of the terminal, once the runtime has ended well. kInternal: it sent none.
  [[nodiscard]] Result<Fd> Take() const;

 private:
  ConsoleSocket(Fd directory, Fd listener, std::string name)
      : directory_(std::move(directory)), listener_(std::move(listener)), name_(std::move(name)) {}
  Fd directory_;
  Fd listener_;
  std::string name_;
};

class Console : public std::enable_shared_from_this<Console> {
 public:
  // `terminal`: the outer side. `stdio`: opened for a terminal; its ends for the program are taken.
  static Result<std::shared_ptr<Console>> Start(Loop& loop, Fd terminal, const Stdio& stdio);

  Result<void> Resize(host::TerminalSize size);
  void Close() noexcept;

 private:
  using Descriptor = asio::posix::basic_stream_descriptor<Executor>;
  Console(Descriptor terminal, Descriptor in, Descriptor out, Fd size)
      : terminal_(std::move(terminal)),
        in_(std::move(in)),
        out_(std::move(out)),
        size_(std::move(size)) {}

  static Awaitable<void> Copy(std::shared_ptr<Console> self, Descriptor& from, Descriptor& to);

  Descriptor terminal_;
  Descriptor in_;   // closed: there is no input
  Descriptor out_;  // closed: nobody wants to see it
  Fd size_;         // of the terminal, too
};

}  // namespace strata::kube::shim
