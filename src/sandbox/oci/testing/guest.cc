// One static program for every behaviour that tests ask of a container's guest: its first argument
// says which. No library that a root file system would have to hold.
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include "sandbox/oci/testing/guest_network.h"

namespace {

void Print(const std::string& text) {
  [[maybe_unused]] const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
}

int Echo() {
  static char part[32768];
  for (ssize_t got = 0; (got = ::read(STDIN_FILENO, part, sizeof(part))) > 0;) {
    for (ssize_t done = 0; done < got;) {
      const ssize_t wrote = ::write(STDOUT_FILENO, part + done, got - done);
      if (wrote < 0) return 1;
      done += wrote;
    }
  }
  return 0;
}

[[noreturn]] int Flood() {
  const std::string part(65536, '\n');
  while (true) Print(part);
}

int Large() {
  const std::string part(65536, 'x');
  for (int i = 0; i < 16; ++i) Print(part);
  return 0;
}

// The calls so far are the length of a file in the writable layer.
int Count() {
  const int fd = ::open("/calls", O_RDWR | O_CREAT | O_APPEND, 0600);
  if (fd < 0 || ::write(fd, "x", 1) != 1) return 1;
  Print(std::to_string(::lseek(fd, 0, SEEK_END)));
  return 0;
}

int Memory() {
  for (std::vector<char*> taken;;) {
    taken.push_back(static_cast<char*>(std::malloc(1 << 20)));
    if (taken.back() == nullptr) std::abort();
    std::memset(taken.back(), 1, 1 << 20);
  }
}

// What confines this process, one fact a line.
int Confinement() {
  std::string facts;
  const auto add = [&](const char* name, long value) {
    facts += std::string(name) + "=" + std::to_string(value) + "\n";
  };
  char text[4096] = {};
  const int status = ::open("/proc/self/status", O_RDONLY);
  [[maybe_unused]] const ssize_t got = ::read(status, text, sizeof(text) - 1);
  ::close(status);
  for (const char* name : {"CapEff", "CapBnd", "NoNewPrivs", "Seccomp"}) {
    const char* at = std::strstr(text, (std::string(name) + ":").c_str());
    add(name, at == nullptr ? -1 : std::strtol(at + std::strlen(name) + 1, nullptr, 16));
  }
  add("pid", ::getpid());
  add("mount", ::mount("none", "/tmp", "tmpfs", 0, "") == 0 ? 0 : errno);
  add("unshare", ::syscall(SYS_unshare, 0x10000000) == 0 ? 0 : errno);
  add("unknown", ::syscall(SYS_kexec_load) == 0 ? 0 : errno);
  const int masked = ::open("/proc/timer_list", O_RDONLY);
  add("masked", masked >= 0 ? ::read(masked, text, 1) : -errno);
  ::close(masked);
  add("sysctl", ::open("/proc/sys/kernel/domainname", O_WRONLY) >= 0 ? 0 : errno);
  char map[256] = {};
  const int users = ::open("/proc/self/uid_map", O_RDONLY);
  [[maybe_unused]] const ssize_t mapped = ::read(users, map, sizeof(map) - 1);
  ::close(users);
  long inside = -1;
  long outside = -1;
  if (std::sscanf(map, "%ld %ld", &inside, &outside) == 2) add("root", outside);
  int open_files = 0;
  for (int fd = 0; fd < 1024; ++fd) open_files += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
  add("open", open_files);
  rlimit core = {};
  ::getrlimit(RLIMIT_CORE, &core);
  add("core", static_cast<long>(core.rlim_cur));
  Print(facts);
  return 0;
}

int Environment() {
  std::string all;
  for (char** entry = environ; *entry != nullptr; ++entry) all += std::string(*entry) + '\0';
  Print(all);
  return 0;
}

// Writes to a file until it is refused: the errno of that, after how many bytes it was.
int Fill(const char* path) {
  const int fd = ::open(path, O_WRONLY | O_CREAT, 0600);
  if (fd < 0) return errno;
  static char part[65536];
  long total = 0;
  ssize_t wrote = 0;
  while ((wrote = ::write(fd, part, sizeof(part))) > 0) total += wrote;
  const int refused = wrote < 0 ? errno : 0;
  Print(std::to_string(total));
  return ::close(fd), refused;
}

long* counted = nullptr;  // shared by the processes of all connections

std::string RandomHex() {
  unsigned char bytes[16] = {};
  std::string text;
  if (::getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes)) return text;
  for (const unsigned char byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

// Who this is and when, one fact a line: what no two sandboxes may have in common.
int Identity() {
  char host[64] = {};
  ::gethostname(host, sizeof(host) - 1);
  int open_files = 0;
  for (int fd = 0; fd < 1024; ++fd) open_files += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
  Print("hostname=" + std::string(host) + "\nrandom=" + RandomHex() + "\ntime=" +
        std::to_string(::time(nullptr)) + "\nopen=" + std::to_string(open_files) + "\n");
  return 0;
}

// A server at $PORT, 127.0.0.1 only, one process for each connection. "/env", "/pid", "/host",
// "/random", "/clock", "/take", "/exit" and "/leave" do what they say, "/fetch" asks $FETCH,
// "/count" counts itself, "/slow" answers after a second, "/echo" gives a body of known length
// back, "/chunks" answers in chunks; all others "hello". On SIGTERM it says so and ends.
std::string Answer(const std::string& target, const std::string& head, const std::string& body) {
  const auto whole = [](const std::string& text) {
    return "HTTP/1.1 200 OK\r\nX-Guest: yes\r\nContent-Length: " + std::to_string(text.size()) +
           "\r\n\r\n" + text;
  };
  if (target == "/pid") return whole(std::to_string(::getppid()));
  if (target == "/env") return whole(std::getenv("GREETING") ? std::getenv("GREETING") : "(unset)");
  if (target == "/fetch") return whole(guest::Get(std::getenv("FETCH")));
  if (target == "/exit") return ::kill(::getppid(), SIGUSR1), "";
  if (target == "/leave") return ::kill(::getppid(), SIGUSR2), "";
  if (target == "/host") {
    char name[65] = {};
    return ::gethostname(name, sizeof(name) - 1) == 0 ? whole(name) : "";
  }
  if (target == "/count") return whole(std::to_string(++*counted));
  if (target == "/take") {  // 300 MiB, until the connection ends
    std::memset(new char[300U << 20], 1, 300U << 20);
    return whole("taken");
  }
  if (target == "/random") return whole(RandomHex());
  if (target == "/clock") return whole(std::to_string(::time(nullptr)));
  if (target == "/echo") return whole(body);
  if (target == "/head") return whole(head);
  if (target == "/slow") return ::sleep(1), whole("slow");
  if (target == "/chunks") {
    return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n";
  }
  if (target == "/close") return "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end";
  return whole("hello");
}

// Reads until `enough` is some number, and returns that; npos: the peer ended before.
template <typename Enough>
std::size_t Fill(int peer, std::string& input, Enough enough) {
  char part[32768];
  std::size_t found = std::string::npos;
  while ((found = enough(input)) == std::string::npos) {
    const ssize_t got = ::read(peer, part, sizeof(part));
    if (got <= 0) return std::string::npos;
    input.append(part, static_cast<std::size_t>(got));
  }
  return found;
}

void ServeConnection(int peer) {
  std::string input;
  while (true) {
    const std::size_t head =
        Fill(peer, input, [](const std::string& text) { return text.find("\r\n\r\n"); });
    if (head == std::string::npos) return;
    const std::size_t field = input.find("ontent-Length: ");
    const std::size_t length =
        field < head ? std::strtoul(input.c_str() + field + 15, nullptr, 10) : 0;
    const std::size_t whole = Fill(peer, input, [all = head + 4 + length](const std::string& text) {
      return text.size() < all ? std::string::npos : all;
    });
    if (whole == std::string::npos) return;
    const std::size_t from = input.find(' ') + 1;
    const std::string path = input.substr(from, input.find_first_of(" ?", from) - from);
    const std::string target = path.substr(path.rfind('/'));
    const std::string answer =
        Answer(target, input.substr(0, head), input.substr(head + 4, length));
    for (std::size_t at = 0; at < answer.size();) {
      const ssize_t put = ::write(peer, answer.data() + at, answer.size() - at);
      if (put <= 0) return;
      at += static_cast<std::size_t>(put);
    }
    if (target == "/close") return;
    input.erase(0, whole);
  }
}

int HttpServer() {
  std::signal(SIGCHLD, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGTERM, [](int) {
    Print("asked to end\n");
    ::_exit(0);
  });
  std::signal(SIGUSR1, [](int) { ::_exit(7); });
  std::signal(SIGUSR2, [](int) { ::_exit(0); });
  counted = static_cast<long*>(
      ::mmap(nullptr, sizeof(*counted), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  if (counted == MAP_FAILED) return 1;
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(std::getenv("PORT"))));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(listener, 128) != 0) {
    std::perror("listen");
    return 1;
  }
  Print("listening\n");
  while (true) {
    const int peer = ::accept(listener, nullptr, nullptr);
    if (peer < 0) continue;
    if (::fork() == 0) {
      ::close(listener);
      ServeConnection(peer);
      ::_exit(0);
    }
    ::close(peer);
  }
}

// At a terminal: says its size, now and whenever it changes, and when it is interrupted; "exit"
// ends it with exit code 5.
void PrintSize(int /*signal*/) {
  winsize size{};
  ::ioctl(STDIN_FILENO, TIOCGWINSZ, &size);
  Print("size " + std::to_string(size.ws_row) + "x" + std::to_string(size.ws_col) + "\n");
}

int Terminal() {
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDERR_FILENO) == 0) return Print("no tty\n"), 1;
  std::signal(SIGWINCH, PrintSize);
  std::signal(SIGINT, [](int) { Print("interrupted\n"); });
  PrintSize(0);
  std::string line;
  for (char c = 0; line != "exit";) {
    const ssize_t got = ::read(STDIN_FILENO, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return 6;
    line = c == '\n' ? "" : line + c;
  }
  return 5;
}

// It and a child of its end by SIGKILL only.
int Stubborn() {
  for (const int signal : {SIGHUP, SIGTERM, SIGINT}) std::signal(signal, SIG_IGN);
  if (::fork() > 0) Print("ready\n");
  while (true) ::pause();
}

// How many of its kind there are.
int Processes() {
  int count = 0;
  DIR* all = ::opendir("/proc");
  while (const dirent* entry = ::readdir(all)) {
    char name[16] = {};
    const int comm = ::open(("/proc/" + std::string(entry->d_name) + "/comm").c_str(), O_RDONLY);
    count += ::read(comm, name, sizeof(name)) == 6 && std::strcmp(name, "guest\n") == 0 ? 1 : 0;
    ::close(comm);
  }
  Print(std::to_string(count));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "serve") return HttpServer();
  if (what == "hello") return Print("hello"), 0;
  if (what == "count") return Count();
  if (what == "echo") return Echo();
  if (what == "large") return Large();
  if (what == "flood") return Flood();
  if (what == "memory") return Memory();
  if (what == "terminal") return Terminal();
  if (what == "stubborn") return Stubborn();
  if (what == "processes") return Processes();
  if (what == "confinement") return Confinement();
  if (what == "exit-3") return 3;
  if (what == "identity") return Identity();
  if (what == "environment") return Environment();
  if (what == "exit") return std::atoi(argv[2]);
  if (what == "getenv") return Print(std::getenv(argv[2]) ? std::getenv(argv[2]) : "(unset)"), 0;
  if (what == "absent") return ::access(argv[2], F_OK) == 0 ? 1 : 0;
  if (what == "remove") return ::unlink(argv[2]) == 0 ? 0 : errno;
  if (what == "read") return ::open(argv[2], O_RDONLY) >= 0 ? 0 : errno;
  if (what == "write") return ::open(argv[2], O_WRONLY | O_CREAT, 0600) >= 0 ? 0 : errno;
  if (what == "dial" && argc > 3) return guest::Dial(argv[2], std::atoi(argv[3]));
  if (what == "fetch") return Print(guest::Get(std::getenv("FETCH"))), 0;
  if (what == "datagram") return guest::SendDatagram(argv[2], std::atoi(argv[3]));
  if (what == "listen") return guest::ListenAnywhere(std::atoi(argv[2]));
  if (what == "fill") return Fill(argv[2]);
  if (what == "fork") {
    while (::fork() >= 0) {
    }
    return Print("refused"), 0;
  }
  if (what == "log") {
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, "a line\n", 7);
    return Print("hello"), 0;
  }
  if (what == "trap") std::abort();
  if (what == "spin") {
    for (volatile int turns = 0;; turns = turns + 1) {
    }
  }
  return 99;
}
