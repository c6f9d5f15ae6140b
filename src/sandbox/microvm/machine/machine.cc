#include "sandbox/microvm/machine/machine.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>

#include "base/text/byte_view.h"
#include "host/files/loop_device.h"
#include "host/files/memfd.h"
#include "host/process/fdpass.h"
#include "host/process/pipe.h"
#include "sandbox/microvm/machine/qemu_command.h"

namespace strata::sandbox::microvm {
namespace {

constexpr Bytes kMostWords = 64_KiB;
constexpr std::size_t kPart = 16 * 1024;
constexpr std::size_t kLongestQmp = 1 << 20;
constexpr std::size_t kTurn = 4 * kPart;  // read before others of the loop have theirs
// Of what the guest has not read: the input of many programs that all wait, and starts.
constexpr std::size_t kMostQueued = 32 * kWindow;
constexpr std::chrono::milliseconds kRemovePatience{5'000};

// Of all QEMU holds, beside its own: `memory`.
host::CgroupLimits GroupLimits(const Shared& shared, Bytes memory) {
  return {
      .memory = memory + kQemuItself, .cpu_millis = shared.config.cpu_millis, .pids = kQemuThreads};
}

// QEMU makes no file larger than it has to be, also one that was taken over: drives keep their
// size. The console is bounded with them.
Result<std::uint64_t> LargestFile(const MachineParts& parts) {
  std::uint64_t largest = parts.size.count;
  for (const Drive& drive : parts.drives) {
    struct stat status = {};
    if (::fstat(drive.file, &status) != 0) return FailErrno("look at a volume", errno);
    largest = std::max(largest, static_cast<std::uint64_t>(status.st_size));
  }
  return largest;
}

// The last thing before QEMU has them, so that what fails earlier leaves volumes as they were.
Result<void> MarkDrives(const MachineParts& parts) {
  for (const Drive& drive : parts.drives) {
    if (drive.read_only) continue;
    if (auto marked = host::MarkWritten(drive.file); !marked)
      return Wrap(std::move(marked).error(), "volume");
  }
  return {};
}

}  // namespace

// On the worker: nobody waited for what it made.
Machine::Made::~Made() {
  process.reset();
  if (group && own_group) static_cast<void>(group->Remove(kRemovePatience));
}

Result<Machine::Made> Machine::Make(const Shared& shared, const MachineParts& parts) {
  Made made;
  made.group = parts.group;
  made.own_group = !parts.group;
  Result<void> done;
  if (made.own_group) {
    auto group = shared.groups.Make(parts.name);
    if (!group) return std::unexpected(std::move(group).error());
    made.group = std::move(*group);
    done = made.group->Limit(GroupLimits(shared, parts.size));
  }
  auto agent = host::MakeSocketPair(SOCK_STREAM | SOCK_NONBLOCK);
  if (done && !agent) done = std::unexpected(agent.error());
  auto qmp = host::MakeSocketPair(SOCK_STREAM | SOCK_NONBLOCK);
  if (done && !qmp) done = std::unexpected(qmp.error());
  auto words = host::MakeMemfd("console");
  if (done && !words) done = std::unexpected(words.error());
  const auto largest = LargestFile(parts);
  if (done && !largest) done = std::unexpected(largest.error());
  if (done) done = MarkDrives(parts);
  if (done) {
    host::SpawnOptions spawn;
    spawn.program = shared.config.qemu.string();
    spawn.arguments = QemuArguments(shared, parts);
    spawn.environment = {"PATH=/usr/bin:/bin"};
    spawn.stdout_fd = words->get();
    spawn.stderr_fd = words->get();
    spawn.fds = QemuDescriptors(shared, parts, agent->theirs.get(), qmp->theirs.get());
    spawn.limits.push_back({RLIMIT_CORE, 0});
    // One that is saved writes its state, too, which has no size that is known before.
    if (!parts.saved || !parts.drives.empty()) spawn.limits.push_back({RLIMIT_FSIZE, *largest});
    spawn.cgroups = made.group->directories();
    spawn.identity = parts.user.value_or(shared.config.user);
    spawn.namespaces = host::Namespaces::kRequired;
    spawn.privileges = host::Privileges::kDrop;
    spawn.paths = QemuPaths(shared, parts);
    spawn.parent_death_signal = SIGKILL;
    spawn.oom_score_adjust = parts.oom_score_adjust;
    auto process = host::Process::Spawn(spawn);
    if (process) {
      made.process = std::move(*process);
    } else {
      done = std::unexpected(process.error());
    }
  }
  if (!done) return std::unexpected(done.error());
  made.agent = std::move(agent->ours);
  made.qmp = std::move(qmp->ours);
  made.words = std::move(*words);
  return made;
}

Task<std::shared_ptr<Machine>> Machine::Start(std::shared_ptr<Shared> shared, MachineParts parts) {
  std::move_only_function<Result<Made>()> make = [&to = *shared, parts] { return Make(to, parts); };
  auto made = co_await shared->worker->Run(std::move(make));
  if (!made) co_return std::unexpected(std::move(made).error());
  co_return std::shared_ptr<Machine>(new Machine(std::move(shared), parts.size, std::move(*made)));
}

Machine::Machine(std::shared_ptr<Shared> shared, Bytes size, Made made)
    : shared_(std::move(shared)),
      size_(size),
      group_(std::move(made.group)),
      own_group_(made.own_group),
      process_(std::move(made.process)),
      words_(std::move(made.words)),
      agent_(shared_->loop.get_executor(), made.agent.Release()),
      qmp_(shared_->loop.get_executor(), made.qmp.Release()) {}

Machine::~Machine() {
  Kill();
  shared_->worker->Post([group = std::move(group_), own = own_group_,
                         process = std::make_shared<host::Process>(std::move(*process_))] {
    // The process first: it is reaped as it is destroyed.
    static_cast<void>(process->Kill(SIGKILL));
    if (own) static_cast<void>(group->Remove(kRemovePatience));
  });
}

Result<void> Machine::AllowSaving() { return group_->Limit(GroupLimits(*shared_, size_ + size_)); }

void Machine::Kill() noexcept { static_cast<void>(process_->Kill(SIGKILL)); }

void Machine::Refuse(std::string what) {
  if (refused_.empty()) refused_ = std::move(what);
  Kill();
}

void Machine::Post(FrameType type, std::string_view payload, std::uint32_t program) {
  if (to_agent_.size() + held_.size() + payload.size() > kMostQueued) {
    return Refuse("agent: it reads nothing");
  }
  std::string frame = EncodeFrame(type, payload, program);
  if (holding_) {
    held_ += frame;
  } else {
    Send(std::move(frame));
  }
}

void Machine::Hold(FrameType last) {
  Post(last);
  holding_ = true;
}

void Machine::Release(FrameType first, std::string_view payload) {
  holding_ = false;
  Post(first, payload);
  Send(std::exchange(held_, {}));
}

void Machine::Send(std::string bytes) {
  to_agent_ += bytes;
  if (writing_) return;
  writing_ = true;
  Spawn(shared_->loop, Drain(shared_from_this()));
}

// Ends when all is written, or when QEMU is gone: then whoever receives hears of it.
Awaitable<void> Machine::Drain(std::shared_ptr<Machine> self) {
  boost::system::error_code failed;
  while (!self->to_agent_.empty() && !failed) {
    const ssize_t wrote = ::send(self->agent_.native_handle(), self->to_agent_.data(),
                                 self->to_agent_.size(), MSG_NOSIGNAL);
    if (wrote >= 0) {
      self->to_agent_.erase(0, static_cast<std::size_t>(wrote));
    } else if (errno == EAGAIN) {
      co_await self->agent_.async_wait(Descriptor::wait_write,
                                       asio::redirect_error(kAwait, failed));
    } else {
      self->to_agent_.clear();
    }
  }
  self->writing_ = false;
}

Task<std::string> Machine::ReadSome(Descriptor& from) {
  std::string part(kPart, '\0');
  while (true) {
    const ssize_t got = ::read(from.native_handle(), part.data(), part.size());
    if (got > 0) {
      part.resize(static_cast<std::size_t>(got));
      unbroken_ += part.size();
      if (unbroken_ >= kTurn) {
        unbroken_ = 0;
        co_await asio::post(shared_->loop, kAwait);
      }
      co_return part;
    }
    if (got == 0 || errno != EAGAIN) {
      co_return Fail(Errc::kUnavailable, "the machine ended: " + LastWords());
    }
    unbroken_ = 0;
    boost::system::error_code failed;
    co_await from.async_wait(Descriptor::wait_read, asio::redirect_error(kAwait, failed));
    if (failed) co_return Fail(Errc::kUnavailable, "cancelled");
  }
}

Task<Frame> Machine::Receive() {
  while (true) {
    if (!refused_.empty()) co_return Fail(Errc::kInvalidArgument, refused_);
    auto frame = frames_.Next();
    if (!frame) co_return std::unexpected(std::move(frame).error());
    if (*frame) co_return std::move(**frame);
    auto part = co_await ReadSome(agent_);
    if (!part) co_return std::unexpected(std::move(part).error());
    frames_.Feed(*part);
  }
}

Task<Frame> Machine::Expect(FrameType type, std::chrono::milliseconds patience) {
  // Whoever waits too long is told by the socket's end.
  Timer timer(shared_->loop.get_executor());
  timer.expires_after(patience);
  timer.async_wait([weak = weak_from_this()](const boost::system::error_code& cancelled) {
    const auto self = weak.lock();
    if (!cancelled && self) self->Kill();
  });
  auto frame = co_await Receive();
  if (!frame) co_return frame;
  if (frame->type == FrameType::kFailed)
    co_return Fail(Errc::kInternal, "agent: " + frame->payload);
  if (frame->type != type) co_return Fail(Errc::kInvalidArgument, "agent: another answer");
  co_return frame;
}

// One line is one object.
Task<Json> Machine::ReadQmp() {
  while (true) {
    const std::size_t end = qmp_text_.find('\n');
    if (end != std::string::npos) {
      auto json = ParseJson(std::string_view(qmp_text_).substr(0, end));
      qmp_text_.erase(0, end + 1);
      if (!json) co_return Wrap(std::move(json).error(), "QMP");
      co_return json;
    }
    if (qmp_text_.size() > kLongestQmp) co_return Fail(Errc::kInternal, "QMP: a line without end");
    auto part = co_await ReadSome(qmp_);
    if (!part) co_return std::unexpected(std::move(part).error());
    qmp_text_ += *part;
  }
}

Task<Json> Machine::Execute(std::string command, Json arguments, int passed_fd) {
  if (!qmp_ready_) {
    qmp_ready_ = true;
    auto ready = co_await Execute("qmp_capabilities");
    if (!ready) co_return ready;
  }
  Json ask{{"execute", command}};
  if (!arguments.empty()) ask["arguments"] = std::move(arguments);
  const std::string line = DumpJson(ask) + "\n";
  // A command is far smaller than the socket's buffer, which nobody else fills.
  std::vector<int> fds;
  if (passed_fd >= 0) fds.push_back(passed_fd);
  const auto sent = host::SendWithFds(qmp_.native_handle(), AsBytes(line), fds);
  if (!sent) co_return std::unexpected(sent.error());
  if (*sent != line.size()) co_return Fail(Errc::kInternal, "QMP: QEMU does not read");
  while (true) {
    auto answer = co_await ReadQmp();
    if (!answer) co_return answer;
    if (answer->contains("return")) co_return (*answer)["return"];
    if (answer->contains("error")) {
      co_return Fail(Errc::kInternal, "QEMU: " + command + ": " + DumpJson((*answer)["error"]));
    }
  }
}

std::string Machine::LastWords() const {
  std::string words(kMostWords.count, '\0');
  const off_t end = ::lseek(words_.get(), 0, SEEK_END);
  const off_t from = std::max<off_t>(0, end - 500);
  const ssize_t got = ::pread(words_.get(), words.data(), 500, from);
  words.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return words.empty() ? "it said nothing" : words;
}

}  // namespace strata::sandbox::microvm
