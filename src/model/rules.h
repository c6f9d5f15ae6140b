// model/rules.h - the rules for names, paths and addresses in a manifest; also used wherever such a
// value arrives by another way (the route table, the connector's check of a grant).
//
// Every function takes untrusted text. A `...Problem` function returns what is wrong with the text,
// worded to follow the field's name, or nothing. Threads: pure. Tested by model/rules_test.cc.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/values.h"

namespace strata::model {

using Problem = std::optional<std::string>;

// RFC 1123 label: [a-z0-9]([a-z0-9-]*[a-z0-9])?, at most 63 characters.
Problem DnsLabelProblem(std::string_view text);

// Kubernetes label keys ("app", "example.com/team") and label values.
Problem LabelKeyProblem(std::string_view text);
Problem LabelValueProblem(std::string_view text);

// [A-Za-z_][A-Za-z0-9_]*, at most 256 characters.
Problem EnvNameProblem(std::string_view text);

// At most 32 KiB without control characters, tabs and line ends excepted.
Problem EnvValueProblem(std::string_view text);
Problem AnnotationProblem(std::string_view text);

// An upper-case HTTP method token other than CONNECT (which has no path to route by).
Problem MethodProblem(std::string_view text);

// Two lists of methods have one in common. An empty list means every method.
bool MethodsOverlap(const std::vector<std::string>& a, const std::vector<std::string>& b) noexcept;

// Lower-cases the name of a request's header field. Fails with kInvalidArgument for what is no
// name (RFC 9110, 5.6.2), for more than 64 characters, and for fields that belong to a connection
// or are read before a route is: host, content-length, ...
Result<std::string> NormalizeHeaderName(std::string_view text);

// 1 to 256 characters that are visible, with spaces inside.
Problem HeaderValueProblem(std::string_view text);

// Lower-cases "*" or a DNS name. Fails with kInvalidArgument for anything else, also for a name
// with a port or a wildcard inside.
Result<std::string> NormalizeHost(std::string_view text);

// Brings a route's path prefix into the one form that requests are matched in: escapes of
// unreserved characters decoded, other escapes in upper case, raw non-ASCII bytes escaped, no slash
// at the end. Fails with kInvalidArgument for "..", ".", "//", control characters, a query or a
// fragment, each also when escaped; for more than 1024 bytes; and when it does not start with '/'.
Result<std::string> NormalizePath(std::string_view text);

// "host:port" with an exact lower-case name or IPv4 address.
Result<HttpGrant> ParseHttpGrant(std::string_view text);
std::string HttpGrantToString(const HttpGrant& grant);

// A whole number with its unit: "500ms", "90s", "5m", "1h"; at most 24 hours.
Result<std::chrono::milliseconds> ParseKeepAlive(std::string_view text);
std::string KeepAliveToString(std::chrono::milliseconds time);

// What an HTTP request asks for: "/ready?full=1", no spaces, no fragment.
Problem RequestPathProblem(std::string_view text);

// An argument of a program.
Problem WordProblem(std::string_view text);

// An absolute path in a guest: "/data"; no "..", ".", empty segment or control character.
Problem GuestPathProblem(std::string_view text);

// The same, where a volume may lie: not in /proc, /sys or /dev.
Problem MountPathProblem(std::string_view text);

// A host path as written in a manifest: not empty, no control character.
Problem HostPathProblem(std::string_view text);

// Vendor and product of a device, as lsusb and lspci -n show them: "10de:20b0".
Problem DeviceIdProblem(std::string_view text);

// A workload's artifact reference as written in a manifest (model/resource.h).
Problem ArtifactProblem(std::string_view text);

}  // namespace strata::model
