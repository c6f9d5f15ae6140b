// What a network costs a sandbox: create to exit of /bin/true of this host, with one grants.http
// and without, through the driver. Rounds of both alternate. Needs root; runs in a network
// namespace of its own.
//
//   network_start_bench container|appkernel [ROUNDS]
#include <sched.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "artifact/store/root_image.h"
#include "base/testing/temp_dir.h"
#include "base/text/byte_view.h"
#include "host/files/memfd.h"
#include "sandbox/appkernel/driver.h"
#include "sandbox/container/driver.h"
#include "sandbox/egress/egress.h"
#include "sandbox/oci/oci_driver.h"
#include "sandbox/testing/call_fixture.h"

namespace strata::bench {
namespace {

using namespace sandbox;  // NOLINT: a program of one file
using SteadyClock = std::chrono::steady_clock;

void Expect(bool condition, const std::string& what) {
  if (condition) return;
  std::fprintf(stderr, "network_start_bench: %s\n", what.c_str());
  std::exit(1);
}

double Once(Image& image, Loop& loop, const Clock& clock, model::Grants grants) {
  sandbox::testing::CallFixture fixture(loop, clock);
  fixture.body.End();
  const auto start = SteadyClock::now();
  auto made = image.Create(
      {.id = "bench", .limits = {.memory = Bytes::MiB(64)}, .grants = std::move(grants)});
  Expect(made.has_value(), made ? "" : made.error().message);
  const auto exit = fixture.Run((*made)->Invoke(fixture.call));
  const auto took = SteadyClock::now() - start;
  Expect(exit.has_value(), exit ? "" : exit.error().message);
  Expect(exit->reason == model::ExitReason::kReturned && exit->status == 0, exit->detail);
  return std::chrono::duration<double, std::milli>(took).count();
}

void Print(const char* what, std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  std::printf("%-16s %7.1f ms (%.1f-%.1f)\n", what, samples[samples.size() / 2], samples.front(),
              samples.back());
}

int Main(const std::string& name, int rounds) {
  Expect(name == "container" || name == "appkernel", "container or appkernel?");
  Expect(::unshare(CLONE_NEWNET) == 0, "a network namespace of its own");
  const strata::testing::TempDir state;
  oci::Config wanted{.state_root = state / "state", .cgroup_parent = "strata-bench"};
  auto config = name == "container" ? container::ChooseRuntime(std::move(wanted))
                                    : appkernel::ChooseRuntime(std::move(wanted));
  Expect(config.has_value(), config ? "" : config.error().message);
  Loop loop;
  const SystemClock clock;
  config->egress = std::make_shared<egress::Egress>(loop);
  auto driver = oci::OciDriver::Create(loop, clock, *config);
  Expect(driver.has_value(), "driver");
  const artifact::RootImage root{.lower = {"/"}, .args = {"/bin/true"}};
  auto artifact = host::MakeSealedMemfd("image", AsBytes(artifact::WriteRootImage(root)));
  auto image = (*driver)->Prepare(std::move(artifact).value());
  Expect(image.has_value(), "image");

  const model::Grants grants{.http = {{.host = "api.example"}}};
  std::vector<double> without;
  std::vector<double> with;
  std::vector<double> added;
  for (int round = 0; round < rounds; ++round) {
    const bool first = round % 2 == 0;
    if (first) with.push_back(Once(**image, loop, clock, grants));
    without.push_back(Once(**image, loop, clock, {}));
    if (!first) with.push_back(Once(**image, loop, clock, grants));
    added.push_back(with.back() - without.back());
  }
  std::printf("%s, create to exit of /bin/true, %d rounds: median (least-most)\n", name.c_str(),
              rounds);
  Print("without a grant", without);
  Print("with one", with);
  Print("added", added);
  return 0;
}

}  // namespace
}  // namespace strata::bench

int main(int argc, char** argv) {
  return strata::bench::Main(argc > 1 ? argv[1] : "", argc > 2 ? std::atoi(argv[2]) : 20);
}
