// stratad - the manager: wires the state, the cells and the API together. `strata up` starts it.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>

#include "api/server.h"
#include "base/random.h"
#include "host/process/file_limit.h"
#include "http/server/listener.h"
#include "http/server/server.h"
#include "manager/manager.h"
#include "telemetry/log.h"
#include "tls/listener.h"

namespace {

using namespace strata;  // NOLINT(google-build-using-namespace): the program's only file

constexpr std::chrono::seconds kApiDrain{1};

struct Flags {
  manager::Options options;
  std::string api_listen;
  tls::Files api_files;
  std::uint64_t max_memory_mib = 512;
  std::uint64_t reservation_mib = 4096;
  std::uint64_t keep_resident_kib = 16;
  std::vector<std::string> prices;
  std::string log_file;
  std::string log_level = "info";
  int ready_fd = -1;
  bool no_access_log = false;
  bool no_metering = false;
};

void AddFlags(CLI::App& app, Flags& flags) {
  auto& options = flags.options;
  app.add_option("--home", options.home, "State directory (STRATA_HOME); absolute")->required();
  app.add_option("--cell-program", options.cell_program, "The strata-cell to start; absolute")
      ->required();
  app.add_option("--keeper-program", options.keeper_program,
                 "The strata-keeper to start; default: the one beside --cell-program");
  app.add_option("--unpack-program", options.unpack_program,
                 "The strata-unpack to start; default: the one beside --cell-program");
  app.add_option("--registry-auth", options.registry_auth,
                 "Credentials for registries, as docker's config.json has them");
  app.add_option("--listen", options.listen, "Public address; port 0 picks one");
  app.add_option("--api-listen", flags.api_listen,
                 "The API on TCP too, ADDR:PORT, for clients with a certificate; needs the next 3");
  app.add_option("--api-cert", flags.api_files.certificate, "Its certificate (PEM)");
  app.add_option("--api-key", flags.api_files.key, "Its key (PEM, mode 0600)");
  app.add_option("--api-client-ca", flags.api_files.ca,
                 "Who signs its clients' certificates (PEM)");
  app.add_option("--cells", options.cells, "Host cells; 0: one per core");
  app.add_option("--max-sandboxes", options.max_sandboxes,
                 "Live sandboxes in one cell, and of one class in one keeper");
  app.add_option("--max-memory-mib", flags.max_memory_mib,
                 "Largest memory limit a function may ask for");
  app.add_option("--memory-reservation-mib", flags.reservation_mib,
                 "Address space of one memory; less packs more live sandboxes");
  app.add_option("--keep-resident-kib", flags.keep_resident_kib,
                 "Memory cleared by hand between calls instead of unmapped");
  app.add_option("--trace-ratio", options.observe.trace_ratio, "Share of requests traced")
      ->check(CLI::Range(0.0, 1.0));
  app.add_flag("--server-timing", options.observe.server_timing,
               "Answer with Server-Timing (the stages of each call)");
  app.add_flag("--no-access-log", flags.no_access_log, "Write no access log");
  app.add_flag("--no-metering", flags.no_metering,
               "Bill no calls. With --no-access-log none is recorded: nothing is learned, rolled "
               "out or moved to a class that keeps its SLO; for measurements only");
  app.add_option("--otlp", options.otlp_endpoint, "OpenTelemetry collector, HOST:PORT (OTLP/HTTP)");
  app.add_option(
         "--price", flags.prices,
         "What computing costs, [CLASS.]FIELD=USD; FIELD: cpu_hour, gib_hour, start, wait; or "
         "node.NAME=FACTOR, of the list. May be given often; 'strata cost' shows them")
      ->allow_extra_args(false);
  app.add_option("--log-file", flags.log_file, "Log here instead of stderr");
  app.add_option("--log-level", flags.log_level, "debug, info, warn or error");
  app.add_option("--ready-fd", flags.ready_fd, "Write the address here once the API answers");
  app.set_version_flag("--version", STRATA_VERSION);
  for (const char* name :
       {"--listen", "--cells", "--max-sandboxes", "--max-memory-mib", "--memory-reservation-mib",
        "--keep-resident-kib", "--trace-ratio", "--log-level"}) {
    app.get_option(name)->capture_default_str();  // --help says what holds without it
  }
}

Result<void> Complete(Flags& flags) {
  flags.options.max_memory = Bytes::MiB(flags.max_memory_mib);
  flags.options.memory_reservation = Bytes::MiB(flags.reservation_mib);
  flags.options.keep_resident = Bytes::KiB(flags.keep_resident_kib);
  flags.options.observe.access_log = !flags.no_access_log;
  flags.options.observe.metering = !flags.no_metering;
  const std::filesystem::path beside = flags.options.cell_program.parent_path();
  if (flags.options.keeper_program.empty()) flags.options.keeper_program = beside / "strata-keeper";
  if (flags.options.unpack_program.empty()) flags.options.unpack_program = beside / "strata-unpack";
  // Without root some protections cannot be had; the wasm class runs all the same (DESIGN 3).
  flags.options.allow_missing_protections = ::geteuid() != 0;
  for (const std::string& price : flags.prices) {
    if (auto set = flags.options.prices.Set(price); !set) return set;
  }
  return {};
}

// The API's TCP listener, bound but not accepting; null when it is not wanted. Only the log was
// opened before, so wrong options change nothing.
Result<std::unique_ptr<tls::Listener>> OpenApiListener(Loop& loop, const Clock& clock,
                                                       const Flags& flags,
                                                       const telemetry::Logger& log) {
  const std::pair<const char*, bool> given[] = {
      {"--api-listen", !flags.api_listen.empty()},
      {"--api-cert", !flags.api_files.certificate.empty()},
      {"--api-key", !flags.api_files.key.empty()},
      {"--api-client-ca", !flags.api_files.ca.empty()}};
  std::string missing;
  std::string there;
  for (const auto& [name, is_given] : given)
    (is_given ? there : missing) += std::string(" ") + name;
  if (there.empty()) return nullptr;
  if (!missing.empty()) {
    return Fail(Errc::kInvalidArgument, "the API's TCP listener needs four options:" + there +
                                            " given," + missing + " missing");
  }
  auto listener = tls::Listener::Open(loop, clock, flags.api_listen, flags.api_files, log);
  if (!listener) return Wrap(listener.error(), "--api-listen");
  return listener;
}

// "127.0.0.1:8080", or "127.0.0.1:8080 https://127.0.0.1:8443" when the API is on TCP too.
void TellReady(int fd, const std::string& address, const std::string& api) {
  if (fd < 0) return;
  const std::string line = address + (api.empty() ? "" : " https://" + api) + "\n";
  (void)!::write(fd, line.data(), line.size());
  ::close(fd);
}

// What the program ends with: of these `strata`'s numbers, so that `strata up` can hand them on.
int ExitCodeOf(Errc code) {
  switch (code) {
    case Errc::kInvalidArgument:
      return 2;
    case Errc::kNotFound:
      return 3;
    case Errc::kFailedPrecondition:
      return 5;
    case Errc::kPermissionDenied:
      return 7;
    case Errc::kUnsupported:
      return 8;
    default:
      return 1;
  }
}

// Runs until told to stop. SIGTERM and SIGINT leave the cells serving (the next manager adopts
// them); the API's down ends them.
Task<void> Serve(Loop& loop, Flags& flags, Clock& clock, Random& random, telemetry::Logger log) {
  auto remote = OpenApiListener(loop, clock, flags, log);
  if (!remote) co_return std::unexpected(remote.error());
  const std::string api_address = *remote ? (*remote)->address() : "";
  const std::filesystem::path socket = flags.options.home / "run" / "api.sock";
  auto manager = co_await manager::Manager::Start(loop, flags.options, clock, random, log);
  if (!manager) co_return std::unexpected(manager.error());
  auto listener = http::ListenUnix(socket.string());
  if (!listener) co_return std::unexpected(listener.error());

  asio::basic_signal_set<Executor> signals(loop.get_executor(), SIGTERM, SIGINT);
  bool down = false;
  api::ApiServer api(
      loop, **manager,
      [&down, &signals] {
        down = true;
        signals.cancel();
      },
      api_address);
  http::ServerConfig config;
  config.web_sockets = http::WebSockets::kHandlers;
  // The command of an exec is in its target.
  config.head = {.bytes = 128_KiB, .start_line = 97_KiB, .target = 96_KiB};
  http::Server server(loop, config, api, clock);
  if (auto adopted = server.Adopt(std::move(*listener)); !adopted) co_return adopted;
  const std::string address = (*manager)->Status()["listen"].get<std::string>();
  if (*remote) {
    (*remote)->Start([&server](Fd connection, std::string peer) {
      return server.Serve(std::move(connection), std::move(peer));
    });
  }
  log.Info("serving", {{"listen", address}, {"api", socket.string()}, {"api_listen", api_address}});
  TellReady(flags.ready_fd, address, api_address);

  boost::system::error_code ignored;
  (void)co_await signals.async_wait(asio::redirect_error(kAwait, ignored));
  Result<void> outcome;
  if (down) outcome = co_await (*manager)->Down();
  log.Info("stopping", {{"cells", down ? "ended" : "left serving"}});
  ::unlink(socket.c_str());
  co_await server.Drain(clock.Now() + kApiDrain);
  if (*remote) co_await (*remote)->Drain(kApiDrain);
  co_return outcome;
}

int Run(Flags& flags) {
  SystemClock clock;
  SystemRandom random;
  auto level = telemetry::ParseLevel(flags.log_level);
  if (!level) {
    std::fprintf(stderr, "stratad: %s\n", level.error().message.c_str());
    return 2;
  }
  auto log = telemetry::Logger::Open({*level, telemetry::Format::kJson, flags.log_file}, clock);
  if (!log) {
    std::fprintf(stderr, "stratad: %s\n", log.error().message.c_str());
    return 1;
  }
  ::signal(SIGPIPE, SIG_IGN);
  // Every deployed function's code is held open.
  host::RaiseFileLimit();
  Loop loop(1);
  int code = 0;
  Spawn(loop,
        [](Loop& on, Flags& with, Clock& time, Random& chance, telemetry::Logger to,
           int& result) -> Awaitable<void> {
          auto served = co_await Serve(on, with, time, chance, to);
          if (!served) {
            to.Error("stopped", served.error());
            std::fprintf(stderr, "stratad: %s\n", served.error().message.c_str());
            result = ExitCodeOf(served.error().code);
          }
          on.stop();
        }(loop, flags, clock, random, *log, code));
  loop.run();
  // The operating system frees what coroutines of a stopped loop still hold; their destructors
  // would run in no particular order.
  std::_Exit(code);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("stratad - Strata's manager. Usually started by 'strata up'.", "stratad");
  Flags flags;
  AddFlags(app, flags);
  app.failure_message([](const CLI::App*, const CLI::Error& error) {
    return std::string("stratad: ") + error.what() + " ('stratad --help' lists its options)\n";
  });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (auto completed = Complete(flags); !completed) {
    std::fprintf(stderr, "stratad: %s\n", completed.error().message.c_str());
    return 2;
  }
  return Run(flags);
}
