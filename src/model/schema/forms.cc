#include "model/schema/forms.h"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/result.h"
#include "base/text/json.h"
#include "model/rules.h"

namespace strata::model::schema {
namespace {

constexpr std::string_view kHostPattern =
    "[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?(\\.[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?)*";

template <typename Function>
struct Form {
  Function function;
  std::string_view pattern;  // in what RE2 and ECMAScript have in common; empty: any characters
  std::size_t max;           // characters
  std::size_t min = 0;
};

using ProblemFn = Problem (*)(std::string_view);
using NormalizeFn = Result<std::string> (*)(std::string_view);

// Paths without a file in them: "." and ".." are left to the function.
constexpr std::string_view kGuestPath = "^(/[^/]+)+$";

constexpr auto kProblemForms = std::to_array<Form<ProblemFn>>({
    {DnsLabelProblem, "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", 63},
    {EnvValueProblem, "", 32 << 10},
    {MethodProblem, "^[-_A-Z0-9]+$", 11},
    {HeaderValueProblem, "^[!-~]([ -~]*[!-~])?$", 256},
    {RequestPathProblem, "^/[!-\"$-~]*$", 1024},
    {WordProblem, "", 4096},
    {GuestPathProblem, kGuestPath, 1024},
    {MountPathProblem, kGuestPath, 1024},
    {HostPathProblem, "", 4096, 1},
    {DeviceIdProblem, "^[0-9a-f]{4}:[0-9a-f]{4}$", 9},
    {ArtifactProblem, "", 4096, 1},
});

constexpr auto kNormalForms = std::to_array<Form<NormalizeFn>>({
    {NormalizeHeaderName, "^[-!#$%&'*+.^_`|~a-zA-Z0-9]+$", 64},
    {NormalizeHost, "", 253, 1},
    {NormalizePath, "^/[^?#\\\\]*$", 1024},
});

Json SchemaOf(std::string_view pattern, std::size_t max, std::size_t min = 0) {
  Json schema = {{"type", "string"}, {"maxLength", max}};
  if (min > 0) schema["minLength"] = min;
  if (!pattern.empty()) schema["pattern"] = pattern;
  return schema;
}

template <typename Forms, typename Function>
Json Find(const Forms& forms, Function function) {
  for (const auto& form : forms) {
    if (form.function == function) return SchemaOf(form.pattern, form.max, form.min);
  }
  STRATA_CHECK(false && "a text of fields.h has no form");
  return {};
}

}  // namespace

Json FormOf(ProblemFn problem) {
  Json schema = Find(kProblemForms, problem);
  if (problem == ArtifactProblem) {
    schema["x-kubernetes-validations"] = Json::array(
        {Rule{"self.startsWith('oci://')",
              "is a file of one machine; on a cluster an artifact is oci://REGISTRY/IMAGE", ""}
             .ToJson()});
  }
  return schema;
}

Json FormOf(NormalizeFn normalize) {
  Json schema = Find(kNormalForms, normalize);
  if (normalize == NormalizeHost) {
    schema["pattern"] = "^(\\*|" + std::string(kHostPattern) + ")$";
  }
  return schema;
}

Json HttpGrantForm() {
  return SchemaOf("^" + std::string(kHostPattern) + ":[1-9][0-9]{0,4}$", 253 + 6);
}

Json KeepAliveForm() { return SchemaOf("^(auto|[0-9]+(ms|s|m|h))$", 16); }

bool IsSetOf(ProblemFn problem) noexcept { return problem == MethodProblem; }

Json Rule::ToJson() const {
  Json rule = {{"rule", expression}, {"message", message}};
  if (!field.empty()) rule["fieldPath"] = field;
  return rule;
}

}  // namespace strata::model::schema
