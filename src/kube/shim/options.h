// kube/shim/options.h - what a handler's table in containerd's configuration says to the shim: its
// runtime options.
//
//   containerd --runtimeoptions.v1.Options--> [ ReadOptions ] --> task/class_choice.h
//
//   class = "wasm"   the class of all its containers; nothing: by task/class_choice.h's rules
//
// Pure, but for reading the file that the options name. Tested by options_test.cc,
// tests/fuzz/kube_options_fuzz.cc.
#pragma once

#include <optional>
#include <string_view>

#include <google/protobuf/any.pb.h>

#include "base/result.h"
#include "model/values.h"

namespace strata::kube::shim {

struct RuntimeOptions {
  std::optional<model::Class> sandbox_class;
  friend bool operator==(const RuntimeOptions&, const RuntimeOptions&) = default;
};

// Classes that a pod's containers may be of, and their names for messages.
std::optional<model::Class> PodClassFromName(std::string_view name) noexcept;
inline constexpr std::string_view kPodClasses = "container, appkernel, microvm and wasm";

// Lines `key = "value"`, each key once, and comments. kInvalidArgument: anything else, with its
// line.
Result<RuntimeOptions> ParseOptions(std::string_view toml);

// `options` of Create: containerd's runtimeoptions.v1.Options; others say nothing to us.
// kInvalidArgument: not their message, or ParseOptions'; FailErrno's codes: the file.
Result<RuntimeOptions> ReadOptions(const google::protobuf::Any& options);

}  // namespace strata::kube::shim
