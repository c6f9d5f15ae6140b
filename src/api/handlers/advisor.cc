// The advisor over the API: asked on the loop, answered on threads of its own.
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/thread_pool.hpp>

#include "advisor/report/refusal.h"
#include "advisor/system.h"
#include "api/handlers/advisor_answers.h"
#include "api/handlers/advisor_form.h"
#include "api/server.h"
#include "base/async/counted.h"
#include "http/message.h"

namespace strata::api {
namespace {

// Questions that wait for one thread, the one that it answers included.
constexpr std::size_t kMostAdvising = 16;

using Work = std::function<Result<std::string>()>;

// The answer goes straight to the loop: a coroutine spawned on `thread` would have to stand in that
// thread's line once more to end, behind questions asked later.
Awaitable<Result<std::string>> AnswerOn(asio::thread_pool& thread, Work work) {
  auto begin = [&thread](auto handler, Work todo) {
    auto loop = asio::prefer(asio::get_associated_executor(handler),
                             asio::execution::outstanding_work.tracked);
    asio::post(thread, [loop, todo = std::move(todo), handler = std::move(handler)]() mutable {
      asio::post(loop, [answer = todo(), handler = std::move(handler)]() mutable {
        std::move(handler)(std::move(answer));
      });
    });
  };
  return asio::async_initiate<decltype(kAwait), void(Result<std::string>)>(std::move(begin), kAwait,
                                                                           std::move(work));
}

// As the document names them; other forms of a name are what people type (advisor/report/text.h).
Result<advisor::Language> LanguageNamed(std::string_view name) {
  auto language = advisor::ParseLanguage(name);
  if (!language || advisor::LanguageName(*language) == name) return language;
  return Fail(Errc::kInvalidArgument, "no language '" + std::string(name) + "' (en, zh)");
}

struct Shown {
  Form form = Form::kJson;
  advisor::Language language = advisor::Language::kEnglish;
};

Result<Shown> ReadShown(const Context& context, const AdvisorOperation& operation) {
  std::vector<std::string_view> known = operation.parameters;
  known.insert(known.end(), {"format", "lang"});
  if (auto only = context.OnlyParameters(known); !only) return std::unexpected(only.error());
  for (const auto& [name, values] : context.lists) {
    if (values.size() <= kMostValues) continue;
    return Fail(Errc::kInvalidArgument, "query parameter " + name + " is given more than " +
                                            std::to_string(kMostValues) + " times");
  }
  const auto language = LanguageNamed(context.Text("lang", "en"));
  if (!language) return std::unexpected(language.error());
  Shown shown{.form = DefaultForm(operation.subject), .language = *language};
  if (context.query.contains("format")) {
    const auto form = FormOf(context.Text("format"), operation.subject);
    if (!form) return std::unexpected(form.error());
    shown.form = *form;
  }
  return shown;
}

// What runs and is deployed now.
Result<advisor::Installation> InstallationOf(manager::Manager& manager) {
  const auto list = manager.List("", "");
  if (!list) return std::unexpected(list.error());
  advisor::Installation installation{.status = manager.Status()};
  for (const Json& item : list->at("items")) {
    const Json& metadata = item.at("metadata");
    auto one = manager.Get(
        {.kind = item.at("kind"), .tenant = metadata.at("namespace"), .name = metadata.at("name")});
    if (!one) return std::unexpected(one.error());
    installation.resources.push_back(std::move(*one));
  }
  return installation;
}

Result<AdvisorRequest> ReadRequest(const Context& context, const AdvisorOperation& operation,
                                   manager::Manager& manager) {
  AdvisorRequest request{.parameters = context};
  if (operation.record) {
    auto record = measure::ReadRecord(manager.GetMeasurements());
    if (!record) return std::unexpected(std::move(record).error());
    request.record = std::move(*record);
  }
  const auto system = context.Boolean("system", false);
  if (!system) return std::unexpected(system.error());
  if (!*system && !operation.installation) return request;
  auto installation = InstallationOf(manager);
  if (!installation) return std::unexpected(std::move(installation).error());
  request.installation = std::move(*installation);
  return request;
}

}  // namespace

Awaitable<void> ApiServer::Advise(Context& context, const AdvisorOperation& operation) {
  auto shown = ReadShown(context, operation);
  if (!shown) co_return co_await ReplyError(context, shown.error());
  const auto accept = http::FindHeader(context.exchange.head().headers, "accept");
  if (accept && !context.query.contains("format")) {
    const auto form = AcceptedForm(*accept, operation.subject);
    if (!form) {
      co_return co_await ReplyProblem(context, 406, Errc::kInvalidArgument,
                                      "the answer has none of the accepted types; ?format= lists "
                                      "what it has");
    }
    shown->form = *form;
  }
  auto request = ReadRequest(context, operation, manager_);
  if (!request) co_return co_await ReplyError(context, request.error());
  if (operation.earlier) {
    const auto body = co_await ReadJson(context, measure::kMostRecord);
    if (!body) co_return;
    auto earlier = measure::ReadRecord(*body);
    if (!earlier) co_return co_await ReplyError(context, earlier.error());
    request->earlier = std::move(*earlier);
  }
  // Graphviz draws the pictures of graphs.
  const bool drawn = operation.subject == Subject::kGraph && shown->form == Form::kSvg;
  Advising& there = operation.slow || drawn ? slow_advisor_ : quick_advisor_;
  if (there.questions == kMostAdvising) {
    const Error busy{Errc::kResourceExhausted, "too many questions to the advisor at once"};
    co_return co_await ReplyError(context, busy);
  }
  const Counted counted(there.questions);
  const advisor::Language language = shown->language;
  Work work = [request = std::move(*request), shown = *shown, &operation] {
    const auto answer = operation.answer(request);
    if (!answer) return Result<std::string>(std::unexpected(answer.error()));
    return Render(*answer, shown.form, shown.language);
  };
  auto text = co_await AnswerOn(there.thread, std::move(work));
  if (!text) {
    const Error refused = advisor::InLanguage(text.error(), language);
    co_return co_await ReplyError(context, refused);
  }
  co_await ReplyText(context, MediaTypeOf(shown->form), *text);
}

}  // namespace strata::api
