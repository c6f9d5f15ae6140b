// kube/shim/config_json.h - single values of a container's config.json, which is hostile: what has
// another type than it should counts as not there. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text/json.h"

namespace strata::kube::shim {

// The member `key` of an object. Null: it has none, or is no object, or nothing.
const Json* MemberOf(const Json* object, std::string_view key);
inline const Json* MemberOf(const Json& object, std::string_view key) {
  return MemberOf(&object, key);
}

bool IsTrue(const Json* object, std::string_view key);

std::string TextOf(const Json& object, std::string_view key);

// A member that is a whole number above zero; else none: -1 and 0 are how "no limit" is written.
std::optional<std::uint64_t> NumberOf(const Json* object, std::string_view key);

std::string AnnotationOf(const Json& config, std::string_view name);

// Whose a container is: the namespace of its pod in Kubernetes, or `name_space`, containerd's.
std::string TenantOf(const Json& config, const std::string& name_space);
// The tenant that pods of a namespace of Kubernetes' have; empty: it has no name.
std::string TenantOfPods(const std::string& pods);

// The program and its arguments.
std::vector<std::string> ArgumentsOf(const Json& config);

// Of one of "mounts": something of the host's is shown; it may not be changed.
bool IsBound(const Json& mount);
bool IsReadOnly(const Json& mount);

// A file that containerd and Kubernetes put into every container: /etc/hosts, for one.
bool IsUsualFile(std::string_view destination);

// "oomScoreAdj" of "process", within the kernel's bounds.
std::optional<int> OomScoreOf(const Json& process);

}  // namespace strata::kube::shim
