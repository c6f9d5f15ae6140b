// kube/shim/task/stdio.h - the standard streams that containerd names for a process: FIFOs that it
// reads and writes at the other end, files to append to, or nothing.
//
// The program writes into the FIFO itself, so its bytes do not pass through us. We hold a reader,
// too: opening never waits for a peer, and one that goes away does not kill the program. Its
// input is a pipe that Input fills: a FIFO reads as ended until its writer has come.
//
// Threads:  any; never blocks; Input: the loop's.
// Lifetime: a reader at containerd's end sees the end of the output once the program, this object,
//           or its LetGo() have let go.
// Errors:   kUnsupported: another scheme than file://; kInvalidArgument: neither a FIFO nor
//           absolute; else FailErrno's codes.
// Tested by kube/shim/task/stdio_test.cc.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include "base/async/task.h"
#include "base/files/fd.h"
#include "base/result.h"

namespace strata::kube::shim {

// Paths, or file:// for outputs. Empty: /dev/null.
struct StdioNames {
  std::string in;
  std::string out;
  std::string err;
  bool terminal = false;  // out is all that it shows; err is not used
};

class Stdio {
 public:
  static Result<Stdio> Open(const StdioNames& names);

  // For the program; -1: /dev/null.
  [[nodiscard]] int in() const noexcept { return in_.program.get(); }
  [[nodiscard]] int out() const noexcept { return out_.program.get(); }
  [[nodiscard]] int err() const noexcept { return err_.program.get(); }

  // After the program has been started: it alone has its ends now.
  void LetGo() noexcept;

 private:
  friend class Input;
  struct End {
    Fd program;
    Fd held;  // the other direction of the same FIFO; of an input, its reader
    Fd feed;  // of an input: the other end of the program's pipe
  };
  static Result<End> OpenInput(const std::string& name);
  static Result<End> OpenTyped(const std::string& name);
  static Result<End> OpenOutput(const std::string& name);

  End in_;
  End out_;
  End err_;
};

// Fills a program's input from its FIFO until the writer at containerd's end has come and gone, the
// program has, Finish() or Close().
class Input : public std::enable_shared_from_this<Input> {
 public:
  // Null: `stdio` has no input that has to be filled.
  static std::shared_ptr<Input> Start(Loop& loop, Stdio& stdio);

  // The program's input ends after what has been written to the FIFO.
  void Finish() noexcept;
  // The program's input ends now: there is nobody left to read it.
  void Close() noexcept;

 private:
  using Descriptor = asio::posix::basic_stream_descriptor<Executor>;
  Input(Descriptor from, Descriptor to) : from_(std::move(from)), to_(std::move(to)) {}
  static Awaitable<void> Fill(std::shared_ptr<Input> self);

  Descriptor from_;
  Descriptor to_;
  bool finishing_ = false;
};

}  // namespace strata::kube::shim
