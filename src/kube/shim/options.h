// kube/shim/options.h - what a handler's table in containerd's configuration says to the shim: its
// runtime options.
//
//   containerd --runtimeoptions.v1.Options--> [ ReadOptions ] --> commands.h, task/class_choice.h
//
//   class = "wasm"           the class of all its containers; nothing: by task/class_choice.h's
//                            rules
//   shim_per = "namespace"   a resident shim for each namespace; "node", or nothing: one for all
//
// Pure, but for reading the file that the options name. Tested by options_test.cc,
// tests/fuzz/kube_options_fuzz.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <google/protobuf/any.pb.h>

#include "base/result.h"
#include "model/values.h"

namespace strata::kube::shim {

// For which of its pods there is one resident shim.
enum class ShimPer : std::uint8_t { kNode, kNamespace };

struct RuntimeOptions {
  std::optional<model::Class> sandbox_class;
  ShimPer shim_per = ShimPer::kNode;
  friend bool operator==(const RuntimeOptions&, const RuntimeOptions&) = default;
};

// Classes that a pod's containers may be of, and their names for messages.
std::optional<model::Class> PodClassFromName(std::string_view name) noexcept;
inline constexpr std::string_view kPodClasses = "container, appkernel, microvm and wasm";

// Lines `key = "value"`, each key once, and comments. kInvalidArgument: anything else, with its
// line.
Result<RuntimeOptions> ParseOptions(std::string_view toml);

// Whether these are for us: containerd's runtimeoptions.v1.Options.
bool AreOptions(const google::protobuf::Any& options);

// Of `start` and Create. What is not AreOptions() says nothing to us.
// kInvalidArgument: not their message, or ParseOptions'; FailErrno's codes: the file.
Result<RuntimeOptions> ReadOptions(const google::protobuf::Any& options);

}  // namespace strata::kube::shim
