// Prints the config.json with which the container and appkernel classes run a program, for
// api_start.py.
//
//   oci_config MEMORY_MIB PROGRAM [ARGUMENT...]
#include <cstdio>
#include <cstdlib>

#include "artifact/store/root_image.h"
#include "base/text/json.h"
#include "sandbox/oci/config.h"
#include "sandbox/oci/runtime/runtime_config.h"

int main(int argc, char** argv) {
  using namespace strata;  // NOLINT: a program of one file
  if (argc < 3) {
    std::fprintf(stderr, "usage: oci_config MEMORY_MIB PROGRAM [ARGUMENT...]\n");
    return 2;
  }
  const artifact::RootImage image{.lower = {}, .args = {argv + 2, argv + argc}};
  const sandbox::oci::Config config;
  const model::Env env;
  const model::Grants grants;
  const Json made = sandbox::oci::MakeRuntimeConfig(
      {.image = image,
       .env = env,
       .grants = grants,
       .hostname = "bench",
       .root = "rootfs",
       .cgroup_path = "/strata-bench",
       .limits = {.memory = Bytes::MiB(std::strtoull(argv[1], nullptr, 10)),
                  .cpu_millis = config.cpu_millis,
                  .pids = config.pids},
       .writable = config.writable});
  std::printf("%s\n", DumpJson(made).c_str());
  return 0;
}
