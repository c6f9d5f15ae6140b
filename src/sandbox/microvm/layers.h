// sandbox/microvm/layers.h - containers inside virtual machines: class container-in-microvm.
//
//   Config --WithContainers--> MicrovmDriver --kStart {config.json}--> agent --> crun, runc
//
// The machine is that of class microvm with an OCI runtime in its initial file system. What
// confines the program inside is what confines every container: ../oci/runtime/runtime_config.h
// says it, the host makes it, the runtime in the machine does it.
//
// Threads: any. Tested by tests/contract and tests/security.
#pragma once

#include <string>

#include "artifact/store/root_image.h"
#include "base/result.h"
#include "model/values.h"
#include "sandbox/driver.h"
#include "sandbox/microvm/config.h"
#include "sandbox/microvm/machine/protocol.h"

namespace strata::sandbox::microvm {

// `config` with the first of crun and runc that is installed: it starts faster where instructions
// are emulated. kUnsupported: none is.
Result<Config> WithContainers(Config config);

// The config.json of the container in which `image` runs with `env` over its own variables, in the
// machine of a sandbox with `spec`.
std::string ContainerConfig(const Config& config, const artifact::RootImage& image,
                            const Spec& spec, const model::Env& env);

// The "process" of a program beside it.
std::string ContainerProcess(const artifact::RootImage& image, const model::Env& env,
                             const sandbox::Program& program);

}  // namespace strata::sandbox::microvm
