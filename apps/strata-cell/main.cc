// strata-cell - runs sandboxes, or one compilation, in a confined process. Started by stratad; this
// file only reads the command line. What a cell is: src/cell/README.md.
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "cell/roles/compile_role.h"
#include "cell/roles/host_role.h"
#include "cell/roles/zygote.h"
#include "cell/start/given_mounts.h"
#include "gateway/front_role.h"

namespace {

using strata::Bytes;
using strata::cell::CompileOptions;
using strata::cell::MissingProtection;
using strata::cell::ServingOptions;

constexpr int kUsageError = 2;

enum class Role : std::uint8_t { kHost, kCompile, kFront, kCommand };

constexpr const char* kAbout =
    R"(Runs WebAssembly sandboxes in one confined, single-threaded process. stratad starts it; there is
nothing in it for people, but it can be started by hand to look at it.

Roles:
  host     N sandboxes of one tenant. Told what to serve over the wire (--wire-fd), a connected
           AF_UNIX socket; the first message is Start (src/cell/wire/messages.h).
  compile  one compilation, then exits: wasm on descriptor 3, native code to 4, a JSON answer to 5.
  front    listeners that several tenants share: parses, routes, hands on to host cells and keepers.
           Told what to serve as a host is; runs no guest.
  command  forks a process for each WASI command and wasi:http component of one tenant that it is
           asked for on descriptor 3 (src/cell/roles/zygote.h).

Before it reads anything it confines itself: no files but --allow-ro, --allow-rw, --volume and
--scratch (host), no system calls but those of its role, no core dumps, no new privileges. Only the
children of a command role have no files but those that they are given; it reads what its user may.)";

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{kAbout, "strata-cell"};
  app.set_version_flag("--version", std::string("strata-cell ") + STRATA_VERSION);

  Role role = Role::kHost;
  const std::map<std::string, Role> roles{{"host", Role::kHost},
                                          {"compile", Role::kCompile},
                                          {"front", Role::kFront},
                                          {"command", Role::kCommand}};
  app.add_option("--role", role, "what this process is")
      ->required()
      ->transform(CLI::CheckedTransformer(roles));

  MissingProtection missing = MissingProtection::kRefuse;
  const std::map<std::string, MissingProtection> answers{
      {"missing-ok", MissingProtection::kAccept}};
  app.add_option("--insecure-confinement", missing,
                 "missing-ok: run although a protection is missing, and log which")
      ->transform(CLI::CheckedTransformer(answers));

  ServingOptions serving;
  app.add_option("--instance", serving.instance, "the STRATA_HOME instance this cell belongs to");
  app.add_option("--cell", serving.cell, "name, for log lines (host, front)");
  app.add_option("--wire-fd", serving.wire_fd,
                 "descriptor of the wire to the manager (host, front)")
      ->capture_default_str();
  app.add_option("--allow-ro", serving.allowed.read_only, "a directory to read; repeatable (host)");
  app.add_option("--allow-rw", serving.allowed.read_write,
                 "a directory to write; repeatable (host)");

  const auto given = [&app](const char* name, auto read, auto& to, const char* what) {
    app.add_option_function<std::vector<std::string>>(
        name,
        [name, read, &to](const std::vector<std::string>& texts) {
          for (const std::string& text : texts) {
            auto one = read(text);
            if (!one) throw CLI::ValidationError(name, one.error().message);
            to.push_back(std::move(*one));
          }
        },
        what);
  };
  given("--volume", strata::cell::ReadVolume, serving.allowed.volumes,
        "FD:ro|rw:IMAGE, a mounted volume; FD -1: it could not be mounted; repeatable (host)");
  given("--scratch", strata::cell::ReadScratch, serving.allowed.scratch,
        "FD:COUNT:BYTES, empty file systems for sandboxes, from FD on; repeatable (host)");

  std::uint64_t memory_mib = 2048;
  CompileOptions compile;
  app.add_option("--memory-mib", memory_mib, "address space of this process (compile)")
      ->capture_default_str()
      ->check(CLI::Range(std::uint64_t{16}, std::uint64_t{1} << 20));
  app.add_option("--cpu-s", compile.cpu_s, "CPU time of this process (compile)")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--max-memory", compile.max_memory.count,
                 "bytes; largest memory limit of a sandbox, as in Start (compile)")
      ->capture_default_str();
  app.add_option("--memory-reservation", compile.memory_reservation.count,
                 "bytes of address space per memory, as in Start (compile)")
      ->capture_default_str();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsageError;
  }
  switch (role) {
    case Role::kHost:
      serving.missing = missing;
      return strata::cell::RunHostRole(serving);
    case Role::kFront:
      serving.missing = missing;
      return strata::gateway::RunFrontRole(serving);
    case Role::kCompile:
      compile.memory = Bytes::MiB(memory_mib);
      compile.missing = missing;
      return strata::cell::RunCompileRole(compile);
    case Role::kCommand:
      return strata::cell::RunZygote(missing);
  }
  return kUsageError;
}
