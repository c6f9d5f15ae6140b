// kube/shim/task/task_class.h - in which sandbox class a container runs
// (docs/decisions/0023-classes-under-one-runtime.md).
//
//   containerd's runtime options (TOML): class = "wasm"   then that, or nothing
//   annotation strata.dev/class: wasm                     else that
//   neither                                               wasm if the program is a .wasm, container
//
// A RuntimeClass that names a class is a promise of whoever runs the node: an annotation that
// contradicts it is refused, not followed.
//
// Pure, but for reading the file that the options name. Tested by
// kube/shim/task/task_class_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <google/protobuf/any.pb.h>

#include "base/result.h"
#include "base/text/json.h"

namespace strata::kube::shim {

enum class TaskClass : std::uint8_t { kContainer, kWasm, kAppkernel, kMicrovm };

// What the options' TOML says: lines `class = "..."`, comments and nothing else. kInvalidArgument:
// anything else, with its line.
Result<std::optional<TaskClass>> ReadClassOption(std::string_view toml);

// `options` of Create: containerd's runtimeoptions.v1.Options; others say nothing to us. `config`:
// the container's config.json. kInvalidArgument: the options or the annotation are wrong;
// kPermissionDenied: they contradict each other.
Result<TaskClass> ChooseClass(const google::protobuf::Any& options, const Json& config);

}  // namespace strata::kube::shim
