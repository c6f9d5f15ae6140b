#include "isolation/classes.h"

#include <system_error>
#include <utility>

#include "advisor/names.h"
#include "client/guest_end.h"

namespace strata::cli {
namespace {

std::string NameIn(const ClassWorkload& workload, model::Class sandbox_class) {
  return workload.name + "-" + std::string(model::ClassName(sandbox_class));
}

// A pair is written as its parts.
Json InManifest(model::Class sandbox_class) {
  for (const model::Class inner : model::kClasses) {
    for (const model::Class outer : model::kClasses) {
      if (model::Pair(inner, outer) != sandbox_class) continue;
      return {{"class", model::ClassName(inner)}, {"within", model::ClassName(outer)}};
    }
  }
  return {{"class", model::ClassName(sandbox_class)}};
}

}  // namespace

Result<std::vector<model::Class>> ChooseClasses(const std::vector<std::string>& only) {
  if (only.empty()) return std::vector(model::kClasses.begin(), model::kClasses.end());
  advisor::Names names("class");
  for (const model::Class each : model::kClasses) {
    const std::string name(model::ClassName(each));
    names.Add(name, name);
  }
  std::vector<model::Class> chosen;
  for (const std::string& said : only) {
    const auto name = names.Find(said);
    if (!name) return Fail(Errc::kInvalidArgument, name.error().message);
    chosen.push_back(*model::ClassFromName(*name));
  }
  return chosen;
}

std::filesystem::path ProgramFolder() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
}

std::filesystem::path ShareFolder(std::string_view name) {
  return ProgramFolder().parent_path() / "share" / name;
}

Result<void> Deploy(Session& session, const ClassWorkload& workload, model::Class sandbox_class) {
  const std::string artifact = sandbox_class == model::Class::kWasm
                                   ? (workload.folder / (workload.name + ".wasm")).string()
                                   : "oci:" + (workload.folder / "image").string();
  const std::string name = NameIn(workload, sandbox_class);
  Json manifest{
      {"apiVersion", "strata.dev/v1alpha1"},
      {"kind", workload.kind},
      {"metadata", {{"name", name}, {"namespace", workload.space}}},
      {"spec", {{"artifact", artifact}, {"env", workload.env}, {"limits", workload.limits}}}};
  manifest["spec"].update(InManifest(sandbox_class));
  manifest["spec"].update(workload.more);
  const Json file{{"name", name}, {"dir", "/"}, {"text", DumpJson(manifest)}};
  auto applied = session.AskJson("POST", "/v1/apply", Json{{"files", Json::array({file})}});
  if (!applied) return std::unexpected(std::move(applied).error());
  return {};
}

std::string PathOf(const ClassWorkload& workload, model::Class sandbox_class) {
  return ResourcePath(workload.space, workload.kind == "Service" ? "services" : "functions",
                      NameIn(workload, sandbox_class));
}

Result<http::ClientResponse> Call(Session& session, const ClassWorkload& workload,
                                  model::Class sandbox_class, const std::string& path) {
  http::ClientRequest request;
  request.method = "POST";
  request.target = PathOf(workload, sandbox_class) + "/invoke?path=" + PercentEncode(path);
  auto answer = session.Ask(std::move(request));
  if (!answer) return answer;
  if (auto end = EndOfGuest(*answer)) return Fail(Errc::kInternal, *std::move(end));
  if (answer->status >= 400) {
    return Fail(Errc::kInternal, "the server answered " + std::to_string(answer->status));
  }
  return answer;
}

Result<void> Remove(Session& session, const ClassWorkload& workload, model::Class sandbox_class) {
  auto removed = session.AskJson("DELETE", PathOf(workload, sandbox_class));
  if (!removed) return std::unexpected(std::move(removed).error());
  return {};
}

Result<void> RemoveIfThere(Session& session, const ClassWorkload& workload,
                           model::Class sandbox_class) {
  auto removed = Remove(session, workload, sandbox_class);
  if (!removed && removed.error().code == Errc::kNotFound) return {};
  return removed;
}

}  // namespace strata::cli
