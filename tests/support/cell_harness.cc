#include "support/cell_harness.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <utility>

#include "base/files/files.h"
#include "base/text/byte_view.h"
#include "cell/wire/codec.h"
#include "host/files/memfd.h"
#include "http/server/listener.h"
#include "support/run_on.h"

namespace strata::testing {
namespace {

constexpr const char* kInstance = "test-instance";
constexpr uid_t kCellUser = 1'900'000'001;

host::SpawnOptions CellProgram(std::vector<std::string> arguments) {
  host::SpawnOptions spawn;
  spawn.program = STRATA_CELL_PROGRAM;
  spawn.arguments = std::move(arguments);
  spawn.arguments.push_back(std::string("--instance=") + kInstance);
  spawn.stderr_fd = STDERR_FILENO;
  spawn.namespaces = host::Namespaces::kIfAllowed;
  if (::geteuid() == 0) spawn.identity = host::Identity{kCellUser, kCellUser};
  return spawn;
}

Result<std::string> ReadAll(const Fd& file) {
  std::string text;
  char piece[4096];
  for (;;) {
    const ssize_t got = ::pread(file.get(), piece, sizeof(piece), static_cast<off_t>(text.size()));
    if (got < 0) return FailErrno("read", errno);
    if (got == 0) return text;
    text.append(piece, static_cast<std::size_t>(got));
  }
}

Result<Fd> Copy(const Fd& fd) {
  Fd copy(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy.valid()) return FailErrno("dup", errno);
  return copy;
}

Result<Fd> ConnectTo(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    return FailErrno("connect to " + path, errno);
  }
  return fd;
}

}  // namespace

Result<CompiledModule> CompileModule(std::string_view wasm, std::vector<std::string> extra_flags) {
  auto input = host::MakeSealedMemfd("test-wasm", AsBytes(wasm));
  if (!input) return std::unexpected(input.error());
  auto code = host::MakeMemfd("test-code");
  if (!code) return std::unexpected(code.error());
  auto answer = host::MakeMemfd("test-answer");
  if (!answer) return std::unexpected(answer.error());
  std::vector<std::string> flags{"--role=compile", "--insecure-confinement=missing-ok",
                                 "--max-memory=" + std::to_string(kMaxMemory.count),
                                 "--memory-reservation=" + std::to_string(kReservation.count)};
  flags.insert(flags.end(), extra_flags.begin(), extra_flags.end());
  auto spawn = CellProgram(std::move(flags));
  spawn.fds = {{input->get(), 3}, {code->get(), 4}, {answer->get(), 5}};
  auto process = host::Process::Spawn(spawn);
  if (!process) return std::unexpected(process.error());
  Loop loop;
  std::optional<Result<host::ExitStatus>> status;
  asio::co_spawn(loop.get_executor(), process->Wait(),
                 [&status](const std::exception_ptr&, Result<host::ExitStatus> result) {
                   status.emplace(std::move(result));
                 });
  loop.run();
  auto text = ReadAll(*answer);
  if (!text) return std::unexpected(text.error());
  auto json = ParseJson(*text);
  if (!json) return Fail(Errc::kUnavailable, "no answer; " + (*status)->ToString());
  if (!json->contains("error")) {
    if (auto sealed = host::SealMemfd(code->get()); !sealed) {
      return std::unexpected(sealed.error());
    }
  }
  return CompiledModule{std::move(*json), std::move(*code)};
}

std::string AnsweringModule(std::string_view text) {
  const std::string length = std::to_string(text.size());
  // strata_handle returns pointer << 32 | length; the text lies at 1024, requests at 65536.
  return "(module (memory (export \"memory\") 2) (data (i32.const 1024) \"" + std::string(text) +
         "\")"
         "(global (export \"strata_text\") i32 (i32.const 1))"
         "(func (export \"strata_alloc\") (param i32) (result i32) (i32.const 65536))"
         "(func (export \"strata_handle\") (param i32 i32) (result i64)"
         "  (i64.or (i64.shl (i64.const 1024) (i64.const 32)) (i64.const " +
         length + "))))";
}

SharedDirectory::SharedDirectory() {
  if (::chmod(path_.c_str(), 0777) != 0) std::abort();
}

void SharedDirectory::Write(const std::string& name, std::string_view content) const {
  if (!WriteFileAtomic(path_ + "/" + name, content, 0644)) std::abort();
}

TestCell::TestCell(Options options) : options_(std::move(options)) {
  private_path_ = dir_ / "private";
  control_path_ = dir_ / "control";
}

TestCell::~TestCell() {
  if (process_) (void)process_->Kill(SIGKILL);
}

Result<cell::Ready> TestCell::Start() {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
    return FailErrno("socketpair", errno);
  }
  wire_ = std::make_unique<wire::Channel>(loop_, Fd(pair[0]));
  Fd theirs(pair[1]);
  std::vector<std::string> flags{"--role=host", "--cell=test", "--wire-fd=3",
                                 "--insecure-confinement=missing-ok"};
  flags.insert(flags.end(), options_.flags.begin(), options_.flags.end());
  auto spawn = CellProgram(std::move(flags));
  spawn.fds = {{theirs.get(), 3}};
  auto process = host::Process::Spawn(spawn);
  if (!process) return std::unexpected(process.error());
  process_.emplace(std::move(*process));
  theirs.Reset();  // or we would never see the cell's end close

  auto ring = telemetry::MakeRing(options_.ring);
  if (!ring) return std::unexpected(ring.error());
  auto reader = telemetry::RingReader::Open(ring->get());
  if (!reader) return std::unexpected(reader.error());
  ring_.emplace(std::move(*reader));
  auto serve = http::ListenUnix(private_path_);
  if (!serve) return std::unexpected(serve.error());
  auto control = http::ListenUnix(control_path_);
  if (!control) return std::unexpected(control.error());

  cell::Start start;
  start.instance = kInstance;
  start.cell = "test";
  start.tenant = "shop";
  start.max_sandboxes = options_.max_sandboxes;
  start.max_memory = kMaxMemory.count;
  start.memory_reservation = kReservation.count;
  start.orphan_exit_s = options_.orphan_exit_s;
  start.scratch_root = options_.scratch_root;
  std::vector<Fd> fds;
  fds.push_back(std::move(*ring));
  fds.push_back(std::move(*serve));
  fds.push_back(std::move(*control));
  if (auto sent = Send(start, std::move(fds)); !sent) return std::unexpected(sent.error());
  auto ready = Expect<cell::Ready>();
  if (!ready) return ready;

  auto listener = http::ListenTcp({"127.0.0.1", 0});
  if (!listener) return std::unexpected(listener.error());
  public_listener_ = std::move(*listener);
  port_ = http::LocalPort(public_listener_).value();
  std::vector<Fd> listen;
  listen.push_back(Copy(public_listener_).value());
  auto sent = Send(cell::Listen{"web", "127.0.0.1:" + std::to_string(port_)}, std::move(listen));
  if (!sent) return std::unexpected(sent.error());
  return ready;
}

Result<void> TestCell::Send(cell::ToCell message, std::vector<Fd> fds) {
  return RunOn(loop_, wire_->Send({cell::Encode(message), std::move(fds)}));
}

Result<cell::ToManager> TestCell::Receive(std::vector<Fd>* fds) {
  auto frame = RunOn(loop_, wire_->Receive());
  if (!frame) return std::unexpected(frame.error());
  if (fds != nullptr) *fds = std::move(frame->fds);
  return cell::DecodeToManager(frame->text);
}

Result<void> TestCell::AddModule(const std::string& key, const Fd& code) {
  std::vector<Fd> fds;
  fds.push_back(Copy(code).value());
  return Send(cell::Modules{{key}}, std::move(fds));
}

cell::Function TestCell::MakeFunction(std::string name, std::string module, bool service) {
  cell::Function function;
  function.tenant = "shop";
  function.name = std::move(name);
  function.revision = 1;
  function.module = std::move(module);
  function.service = service;
  function.limits.memory = Bytes::MiB(16);
  return function;
}

Result<void> TestCell::Configure(std::vector<cell::Function> functions) {
  cell::Configure configure;
  configure.generation = ++generation_;
  for (cell::Function& function : functions) {
    const auto index = static_cast<std::uint32_t>(configure.functions.size());
    cell::Route route{.host = "*", .path = "/" + function.name};
    route.backends.push_back({index, 100});
    configure.routes.push_back(std::move(route));
    configure.functions.push_back(std::move(function));
  }
  if (auto sent = Send(std::move(configure)); !sent) return sent;
  auto answer = Expect<cell::Configured>();
  if (!answer) return std::unexpected(answer.error());
  if (!answer->error.empty()) return Fail(Errc::kInternal, answer->error);
  return {};
}

Result<cell::State> TestCell::Adopt(std::vector<Fd>& fds) {
  auto socket = ConnectTo(control_path_);
  if (!socket) return std::unexpected(socket.error());
  wire_ = std::make_unique<wire::Channel>(loop_, std::move(*socket));
  if (auto sent = Send(cell::Adopt{kInstance}); !sent) return std::unexpected(sent.error());
  auto message = Receive(&fds);
  if (!message) return std::unexpected(message.error());
  if (auto* state = std::get_if<cell::State>(&*message)) return std::move(*state);
  return Fail(Errc::kInternal, "the answer is no State");
}

Result<host::ExitStatus> TestCell::WaitForExit() { return RunOn(loop_, process_->Wait()); }

// ---- HttpClient ---------------------------------------------------------------------------------

HttpClient::HttpClient(std::uint16_t port) : port_(port) {}
HttpClient::HttpClient(const std::string& unix_path) : unix_path_(unix_path) {}

Result<void> HttpClient::Connect() {
  if (socket_.valid()) return {};
  buffer_.clear();
  if (!unix_path_.empty()) {
    auto fd = ConnectTo(unix_path_);
    if (!fd) return std::unexpected(fd.error());
    socket_ = std::move(*fd);
    return {};
  }
  socket_ = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    const int err = errno;
    socket_.Reset();
    return FailErrno("connect", err);
  }
  const int on = 1;
  ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return {};
}

Result<std::string> HttpClient::ReadMore() {
  char piece[16384];
  const ssize_t got = ::recv(socket_.get(), piece, sizeof(piece), 0);
  if (got > 0) return std::string(piece, static_cast<std::size_t>(got));
  const int err = got < 0 ? errno : ECONNRESET;
  socket_.Reset();
  return FailErrno("receive", err);
}

Result<HttpClient::Answer> HttpClient::Request(std::string_view method, std::string_view target,
                                               std::string_view headers, std::string_view body) {
  if (auto connected = Connect(); !connected) return std::unexpected(connected.error());
  std::string request = std::string(method) + " " + std::string(target) +
                        " HTTP/1.1\r\nHost: test\r\n" + std::string(headers);
  if (!body.empty()) request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  request += "\r\n" + std::string(body);
  if (::send(socket_.get(), request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    const int err = errno;
    socket_.Reset();
    return FailErrno("send", err);
  }
  Answer answer;
  std::size_t end = std::string::npos;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    auto more = ReadMore();
    if (!more) return std::unexpected(more.error());
    buffer_ += *more;
  }
  answer.head = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  answer.status = std::atoi(answer.head.c_str() + 9);
  std::size_t length = 0;
  const std::size_t field = answer.head.find("Content-Length: ");
  if (field != std::string::npos) {
    length = std::strtoull(answer.head.c_str() + field + 16, nullptr, 10);
  }
  const bool chunked = answer.head.find("chunked") != std::string::npos;
  while (chunked ? !buffer_.ends_with("0\r\n\r\n") : buffer_.size() < length) {
    auto more = ReadMore();
    if (!more) return std::unexpected(more.error());
    buffer_ += *more;
  }
  answer.body = chunked ? std::exchange(buffer_, {}) : buffer_.substr(0, length);
  if (!chunked) buffer_.erase(0, length);
  if (answer.head.find("Connection: close") != std::string::npos) socket_.Reset();
  return answer;
}

}  // namespace strata::testing
