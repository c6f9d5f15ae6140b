#include "model/schema/reference.h"

#include <array>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/result.h"
#include "model/rules.h"

namespace strata::model::schema {
namespace {

template <typename Function>
struct Words {
  Function function;
  std::string_view values;
};

using ProblemFn = Problem (*)(std::string_view);
using NormalizeFn = Result<std::string> (*)(std::string_view);

constexpr auto kProblemWords = std::to_array<Words<ProblemFn>>({
    {DnsLabelProblem, "DNS label: 1 to 63 of `a-z`, `0-9`, `-`"},
    {LabelKeyProblem, "label key, as in Kubernetes"},
    {LabelValueProblem, "label value, as in Kubernetes"},
    {AnnotationProblem, "at most 32 KiB"},
    {EnvNameProblem, "`[A-Za-z_][A-Za-z0-9_]*`, at most 256"},
    {EnvValueProblem, "at most 32 KiB"},
    {MethodProblem, "HTTP method in upper case, not `CONNECT`"},
    {HeaderValueProblem, "1 to 256 visible characters"},
    {RequestPathProblem, "path, at most 1024 bytes"},
    {WordProblem, "at most 4096 bytes"},
    {GuestPathProblem, "absolute path in the sandbox, not `/`"},
    {MountPathProblem, "absolute path in the sandbox, not `/`"},
    {HostPathProblem, "path on the server's host"},
    {DeviceIdProblem, "`VVVV:DDDD` in hex"},
    {ArtifactProblem, "artifact reference"},
});

constexpr auto kNormalWords = std::to_array<Words<NormalizeFn>>({
    {NormalizeHeaderName, "header name, at most 64"},
    {NormalizeHost, "DNS name or `*`"},
    {NormalizePath, "path, at most 1024 bytes, without query"},
});

template <typename Table, typename Function>
Shape Find(const Table& table, Function function) {
  for (const auto& each : table) {
    if (each.function == function) return {"text", std::string(each.values)};
  }
  STRATA_CHECK(false && "a text of fields.h has no words");
  return {};
}

}  // namespace

Shape ShapeOfText(ProblemFn problem) { return Find(kProblemWords, problem); }
Shape ShapeOfText(NormalizeFn normalize) { return Find(kNormalWords, normalize); }

}  // namespace strata::model::schema
