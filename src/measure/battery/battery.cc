// strata-battery ID     runs one scenario and prints "allowed|blocked|n/a EVIDENCE"
// strata-battery --list prints the catalogue as JSON
// Without arguments the scenario is PATH_INFO, as a CGI program has it; without that, too, it is a
// server at $PORT.
#include "measure/battery/battery.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace strata::measure::battery {
namespace {

std::string Get(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::array<std::span<const Scenario>, 5> All() {
  return {FileScenarios(), ProcessScenarios(), KernelScenarios(), AbuseScenarios(),
          WasmScenarios()};
}

const char* Name(Kind kind) {
  switch (kind) {
    case Kind::kPlanted:
      return "planted";
    case Kind::kKernel:
      return "kernel";
    case Kind::kObjects:
      return "objects";
    case Kind::kLog:
      return "log";
    case Kind::kWasm:
      return "wasm";
    case Kind::kCompile:
      return "compile";
    case Kind::kAbuse:
      break;
  }
  return "abuse";
}

void List() {
  const char* separator = "[";
  for (const auto& group : All()) {
    for (const Scenario& each : group) {
      std::printf("%s\n{\"id\": \"%s\", \"title\": \"%s\", \"kind\": \"%s\", \"cve\": \"%s\"}",
                  separator, each.id, each.title, Name(each.kind), each.cve);
      separator = ",";
    }
  }
  std::printf("]\n");
}

}  // namespace

int RunOne(std::string_view id) {
  for (const auto& group : All()) {
    for (const Scenario& each : group) {
      if (each.id != id) continue;
      const Outcome outcome = each.run(ReadPlants());
      const char* word = outcome.result == Result::kAllowed   ? "allowed"
                         : outcome.result == Result::kBlocked ? "blocked"
                                                              : "n/a";
      std::printf("%s %s\n", word, outcome.evidence.c_str());
      return 0;
    }
  }
  std::fprintf(stderr, "no scenario '%.*s'\n", static_cast<int>(id.size()), id.data());
  return 2;
}

Plants ReadPlants() {
  Plants plants;
  plants.token = Get("STRATA_PLANT_TOKEN");
  plants.file = Get("STRATA_PLANT_FILE");
  plants.directory = Get("STRATA_PLANT_DIRECTORY");
  plants.abstract = Get("STRATA_PLANT_ABSTRACT");
  plants.path = Get("STRATA_PLANT_PATH");
  plants.setuid = Get("STRATA_PLANT_SETUID");
  plants.granted = Get("STRATA_PLANT_GRANTED");
  plants.tenant_file = Get("STRATA_PLANT_TENANT_FILE");
  plants.tenant_address = Get("STRATA_PLANT_TENANT_ADDRESS");
  plants.pid = std::atoi(Get("STRATA_PLANT_PID").c_str());
  plants.port = std::atoi(Get("STRATA_PLANT_PORT").c_str());
  plants.metadata_port = std::atoi(Get("STRATA_PLANT_METADATA_PORT").c_str());
  plants.tenant_port = std::atoi(Get("STRATA_PLANT_TENANT_PORT").c_str());
  plants.shm_key = std::atoi(Get("STRATA_PLANT_SHM_KEY").c_str());
  return plants;
}

Outcome Allowed(std::string evidence) { return {Result::kAllowed, std::move(evidence)}; }
Outcome Blocked(std::string evidence) { return {Result::kBlocked, std::move(evidence)}; }

Outcome ByErrno(const char* call, int error, std::span<const int> permitted) {
  const bool got_through = std::find(permitted.begin(), permitted.end(), error) != permitted.end();
  const std::string evidence = std::string(call) + ": " + strerrorname_np(error);
  return got_through ? Allowed(evidence) : Blocked(evidence);
}

}  // namespace strata::measure::battery

int main(int argc, char** argv) {
  namespace battery = strata::measure::battery;
  std::string id = argc > 1 ? argv[1] : "";
  if (id == "--list") return battery::List(), 0;
  if (id == "--am-i-root") return ::geteuid() == 0 ? 0 : 1;
  if (id.empty()) {
    const char* path = std::getenv("PATH_INFO");
    const char* port = std::getenv("PORT");
    if (path == nullptr && port != nullptr) {
      return battery::Serve(static_cast<std::uint16_t>(std::atoi(port)));
    }
    id = path == nullptr ? "" : std::string(path).substr(std::string_view(path).rfind('/') + 1);
  }
  return battery::RunOne(id);
}
