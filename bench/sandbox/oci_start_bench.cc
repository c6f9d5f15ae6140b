// What starting and ending a sandbox costs through the driver, against `runc run` (container) or
// `runsc run` (appkernel) by hand with the same config.json and a root that is mounted already.
// Rounds of both alternate, so that a change of the machine's speed hits both alike. /bin/true of
// this host is what runs. Needs root.
//
//   oci_start_bench container|appkernel [ROUNDS [AGENT]]     WITHOUT_USERS=1: in no user namespace
//
// With strata-agent's path also a call whose sandbox was made before it.
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "artifact/store/root_image.h"
#include "base/files/files.h"
#include "base/testing/temp_dir.h"
#include "base/text/byte_view.h"
#include "host/confine/user_namespace.h"
#include "host/confine/user_range.h"
#include "host/files/memfd.h"
#include "host/process/process.h"
#include "sandbox/appkernel/driver.h"
#include "sandbox/container/driver.h"
#include "sandbox/oci/oci_driver.h"
#include "sandbox/oci/runtime/runtime_config.h"
#include "sandbox/testing/call_fixture.h"

namespace strata::bench {
namespace {

using namespace sandbox;  // NOLINT: a program of one file
using Samples = std::vector<double>;
using SteadyClock = std::chrono::steady_clock;

const artifact::RootImage kTrue{.lower = {"/"}, .args = {"/bin/true"}};
constexpr const char* kParent = "strata-bench";
constexpr Bytes kMemory = Bytes::MiB(64);

void Expect(bool condition, const std::string& what) {
  if (condition) return;
  std::fprintf(stderr, "oci_start_bench: %s\n", what.c_str());
  std::exit(1);
}

double Milliseconds(SteadyClock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

double Median(Samples samples) {
  const auto middle = samples.begin() + static_cast<std::ptrdiff_t>(samples.size() / 2);
  std::nth_element(samples.begin(), middle, samples.end());
  return *middle;
}

// The other side: everything is ready but the container itself.
class ByHand {
 public:
  explicit ByHand(const oci::Config& runtime) : runtime_(runtime) {
    if (runtime.users) {
      auto users = host::UserNamespace::Make(runtime.users->first());
      Expect(users.has_value(), "user namespace");
      users_.emplace(std::move(*users));
      std::filesystem::permissions(directory_.path(), std::filesystem::perms{0711});
    }
    Expect(::unshare(CLONE_NEWNS) == 0, "own mount namespace");
    Expect(::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) == 0, "private mounts");
    Expect(::mount("tmpfs", directory_.path().c_str(), "tmpfs", 0, "mode=0711") == 0,
           "mount tmpfs");
    for (const char* name : {"upper", "work", "root", "layer"}) {
      std::filesystem::create_directory(directory_ / name);
    }
    std::string layer = "/";
    if (users_) {
      layer = directory_ / "layer";
      const auto mapped = users_->Map("/");
      Expect(mapped && host::AttachMount(*mapped, layer), "map the root");
      const auto first = users_->first();
      Expect(::chown((directory_ / "upper").c_str(), first, first) == 0, "give upper away");
    }
    const std::string options = "lowerdir=" + layer +
                                ",upperdir=" + (directory_ / "upper").string() +
                                ",workdir=" + (directory_ / "work").string();
    const auto root = directory_ / "root";
    Expect(::mount("overlay", root.c_str(), "overlay", 0, options.c_str()) == 0, "mount root");
    const model::Grants grants;
    const model::Env env;
    const Json config = oci::MakeRuntimeConfig(
        {.image = kTrue,
         .env = env,
         .grants = grants,
         .hostname = "bench",
         .root = root,
         .cgroup_path = std::string("/") + kParent + "/by-hand",
         .limits = {.memory = kMemory, .cpu_millis = runtime.cpu_millis, .pids = runtime.pids},
         .writable = oci::Config().writable,
         .users = users_ ? &*users_ : nullptr});
    Expect(WriteFileAtomic(directory_ / "config.json", DumpJson(config)).has_value(), "config");
  }
  ~ByHand() {
    ::umount2((directory_ / "root").c_str(), MNT_DETACH);
    ::umount2((directory_ / "layer").c_str(), MNT_DETACH);
    ::umount2(directory_.path().c_str(), MNT_DETACH);
  }

  double Once() {
    std::vector<std::string> arguments = runtime_.runtime_arguments;
    arguments.insert(arguments.end(), {"--root", directory_ / "state", "run", "--bundle",
                                       directory_.path(), "by-hand"});
    const auto start = SteadyClock::now();
    const auto ran = host::RunToEnd({.program = runtime_.runtime,
                                     .arguments = std::move(arguments),
                                     .environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
                                     .privileges = host::Privileges::kKeep},
                                    std::chrono::seconds(30), 64_KiB);
    const double took = Milliseconds(SteadyClock::now() - start);
    Expect(ran.has_value() && ran->status.success(), ran ? ran->err : ran.error().message);
    return took;
  }

 private:
  const oci::Config runtime_;
  const strata::testing::TempDir directory_;
  std::optional<host::UserNamespace> users_;
};

double ThroughDriver(Image& image, Loop& loop, const Clock& clock) {
  sandbox::testing::CallFixture fixture(loop, clock);
  fixture.body.End();
  const auto start = SteadyClock::now();
  auto made = image.Create({.id = "bench", .limits = {.memory = kMemory}});
  Expect(made.has_value(), "create");
  const auto exit = fixture.Run((*made)->Invoke(fixture.call));
  const double took = Milliseconds(SteadyClock::now() - start);
  Expect(exit.has_value(), exit ? "" : exit.error().message);
  Expect(exit->reason == model::ExitReason::kReturned && exit->status == 0, exit->detail);
  return took;
}

// A call whose sandbox was made before it, from its first byte to its end.
double Warmed(Image& image, Loop& loop, const Clock& clock) {
  sandbox::testing::CallFixture fixture(loop, clock);
  fixture.body.End();
  auto made = image.Create({.id = "bench", .limits = {.memory = kMemory}});
  Expect(made.has_value(), "create");
  const auto held = fixture.Run((*made)->Warm());
  Expect(held.has_value(), held ? "" : held.error().message);
  const auto start = SteadyClock::now();
  const auto exit = fixture.Run((*made)->Invoke(fixture.call));
  const double took = Milliseconds(SteadyClock::now() - start);
  Expect(exit && exit->warm && exit->status == 0, "warm call");
  return took;
}

int Main(const std::string& name, const std::string& agent, int rounds) {
  const strata::testing::TempDir state;
  oci::Config wanted{.state_root = state / "state", .cgroup_parent = kParent};
  if (!agent.empty()) wanted.agent = std::filesystem::absolute(agent);  // runtimes mount it
  if (std::getenv("WITHOUT_USERS") == nullptr) {
    auto users = host::UserRange::Take(kParent);
    Expect(users.has_value(), users ? "" : users.error().message);
    wanted.users = std::move(*users);
  }
  Expect(name == "container" || name == "appkernel", "container or appkernel?");
  auto config = name == "container" ? container::ChooseRuntime(std::move(wanted))
                                    : appkernel::ChooseRuntime(std::move(wanted));
  Expect(config.has_value(), config ? "" : config.error().message);
  Loop loop;
  const SystemClock clock;
  auto driver = oci::OciDriver::Create(loop, clock, *config);
  Expect(driver.has_value(), "driver");
  auto artifact = host::MakeSealedMemfd("image", AsBytes(artifact::WriteRootImage(kTrue)));
  auto image = (*driver)->Prepare(std::move(artifact).value());
  Expect(image.has_value(), "image");
  ByHand by_hand(*config);

  Samples driver_times;
  Samples hand_times;
  Samples warm_times;
  Samples ratios;
  for (int round = 0; round < rounds; ++round) {
    const bool first = round % 2 == 0;
    if (first) driver_times.push_back(ThroughDriver(**image, loop, clock));
    hand_times.push_back(by_hand.Once());
    if (!first) driver_times.push_back(ThroughDriver(**image, loop, clock));
    if (!agent.empty()) warm_times.push_back(Warmed(**image, loop, clock));
    ratios.push_back(driver_times.back() / hand_times.back());
  }
  std::printf(
      "%s, %d rounds, medians: driver %.1f ms, by hand %.1f ms, ratio %.2f (%.2f to %.2f)\n",
      config->runtime.c_str(), rounds, Median(driver_times), Median(hand_times), Median(ratios),
      *std::ranges::min_element(ratios), *std::ranges::max_element(ratios));
  if (warm_times.empty()) return 0;
  std::printf("made before its call: %.2f ms (%.2f to %.2f)\n", Median(warm_times),
              *std::ranges::min_element(warm_times), *std::ranges::max_element(warm_times));
  return 0;
}

}  // namespace
}  // namespace strata::bench

int main(int argc, char** argv) {
  return strata::bench::Main(argc > 1 ? argv[1] : "", argc > 3 ? argv[3] : "",
                             argc > 2 ? std::atoi(argv[2]) : 30);
}
