// strata sandbox - addressable sandboxes: make, list, call, delete.
#include <memory>
#include <string>
#include <utility>

#include "client/done.h"
#include "client/guest_call.h"
#include "client/only_of.h"
#include "verbs.h"

namespace strata::cli {
namespace {

struct SandboxFlags {
  std::string name;
  std::uint32_t count = 1;
  GuestCall call;
};

void PrintSandboxes(Session& session, const Json& answer) {
  auto format = session.format();
  if (!format) return session.Report(format.error());
  if (IsStructured(*format)) return PrintValue(answer, *format);
  Table table({"ID", "NAMESPACE", "FUNCTION", "REVISION", "STATE", "CELL"});
  for (const Json& sandbox : answer["sandboxes"]) {
    table.Add({sandbox["id"].get<std::string>(), sandbox["namespace"].get<std::string>(),
               sandbox["function"].get<std::string>(), sandbox["revision"].dump(),
               sandbox["state"].get<std::string>(), sandbox.value("cell", "-")});
  }
  Print(table.Render());
}

void Create(Session& session, const SandboxFlags& flags) {
  const Json body{{"namespace", session.tenant}, {"function", flags.name}, {"count", flags.count}};
  auto answer = session.AskJson("POST", "/v1/sandboxes", body);
  if (!answer) return session.Report(answer.error());
  PrintSandboxes(session, *answer);
}

void List(Session& session) {
  auto answer = session.AskJson("GET", "/v1/sandboxes");
  if (!answer) return session.Report(answer.error());
  KeepOnlyOf(session, (*answer)["sandboxes"]);
  PrintSandboxes(session, *answer);
}

void Call(Session& session, const SandboxFlags& flags) {
  auto body = BodyOf(flags.call);
  if (!body) return session.Report(body.error());
  CallGuest(session, "sandbox " + flags.name, "/v1/sandboxes/" + PercentEncode(flags.name), {},
            *std::move(body), flags.call);
}

void Delete(Session& session, const SandboxFlags& flags) {
  const std::string target = "/v1/sandboxes/" + PercentEncode(flags.name);
  const auto sandbox = session.AskJson("GET", target);
  if (!sandbox) return session.Report(sandbox.error());
  auto answer = session.AskJson("DELETE", target);
  if (!answer) return session.Report(answer.error());
  PrintDone(session, "deleted", "sandbox", sandbox->value("namespace", ""), flags.name);
}

}  // namespace

void AddSandbox(CLI::App& app, Session& session) {
  auto flags = std::make_shared<SandboxFlags>();
  CLI::App* verb =
      app.add_subcommand("sandbox", "Addressable sandboxes, which keep memory between calls");
  verb->require_subcommand(1);
  CLI::App* create = verb->add_subcommand("create", "Make sandboxes of a function");
  create->add_option("function", flags->name, "The function")->required();
  create->add_option("--count", flags->count, "How many")->check(CLI::Range(1, 10000));
  create->callback([&session, flags] { Create(session, *flags); });
  CLI::App* list = verb->add_subcommand("list", "List them, of every namespace unless -n says one");
  list->callback([&session] { List(session); });
  CLI::App* call = verb->add_subcommand("call", "Call one");
  call->add_option("id", flags->name, "Its id")->required();
  AddCallOptions(*call, flags->call);
  call->callback([&session, flags] { Call(session, *flags); });
  CLI::App* remove = verb->add_subcommand("delete", "End one");
  remove->add_option("id", flags->name, "Its id")->required();
  remove->callback([&session, flags] { Delete(session, *flags); });
}

}  // namespace strata::cli
