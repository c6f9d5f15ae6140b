// Any bytes as what containerd hands the shim beside config.json: a runtime's options, as TOML and
// as the message around it, and the options of a pod's sandbox.
#include <cstddef>
#include <cstdint>
#include <string>

#include <google/protobuf/any.pb.h>

#include "base/check.h"
#include "kube/shim/options.h"
#include "kube/shim/pod/config.h"
#include "kube/shim/task/class_choice.h"
#include "types/runtimeoptions/v1/api.pb.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace shim = strata::kube::shim;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto said = shim::ParseOptions(text);
  google::protobuf::Any any;
  any.set_type_url("runtimeoptions.v1.Options");
  // As a text; as a message only where it names no file, which would be read.
  runtimeoptions::v1::Options options;
  options.set_config_body(text);
  if (options.SerializeToString(any.mutable_value())) {
    const auto read = shim::ReadOptions(any);
    STRATA_CHECK(read.has_value() == said.has_value() && (!read || *read == *said));
    if (read && read->sandbox_class) {
      const auto choice = shim::ClassChoice::Read(*read, strata::Json::object());
      STRATA_CHECK(choice && choice->Choose()->sandbox_class == *read->sandbox_class);
    }
  }
  if (options.ParseFromString(text) && options.config_path().empty()) {
    any.set_value(text);
    static_cast<void>(shim::ReadOptions(any));
  }
  any.set_type_url("type.googleapis.com/runtime.v1.PodSandboxConfig");
  any.set_value(text);
  if (const auto settings = shim::ReadPodSettings(any)) {
    for (const auto& [name, value] : settings->sysctls) {
      STRATA_CHECK(name.find("..") == std::string::npos);
    }
  }
  return 0;
}
