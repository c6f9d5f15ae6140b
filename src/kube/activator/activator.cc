#include "kube/activator/activator.h"

#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>

#include "base/async/pause.h"
#include "base/files/fd.h"
#include "http/exchange_io.h"
#include "http/problem.h"
#include "http/server/listener.h"

namespace strata::kube::activator {
namespace {

using std::chrono::milliseconds;

constexpr const char* kServices = "/apis/strata.dev/v1alpha1/services";
constexpr const char* kSlices =
    "/apis/discovery.k8s.io/v1/endpointslices?labelSelector=strata.dev%2Fbehind%3Dactivator";
constexpr std::chrono::seconds kListenAgain{1};
constexpr milliseconds kTell{1'000};
constexpr std::uint32_t kMostReaders = 16;

// What a reader has seen: "seen=17".
std::optional<std::uint64_t> SeenOf(std::string_view query) {
  constexpr std::string_view kName = "seen=";
  if (!query.starts_with(kName)) return std::nullopt;
  query.remove_prefix(kName.size());
  std::uint64_t seen = 0;
  const auto [rest, failed] = std::from_chars(query.begin(), query.end(), seen);
  if (failed != std::errc() || rest != query.end()) return std::nullopt;
  return seen;
}

http::Problem ProblemForCaller(const Error& error) {
  switch (error.code) {
    case Errc::kInvalidArgument:
      return http::ProblemOf(401, "no-token", error.message);
    case Errc::kPermissionDenied:
      return http::ProblemOf(403, "not-the-operator", error.message);
    default:  // what the API server said is not for who is not known
      return http::ProblemOf(503, "not-known", "who asks cannot be told now");
  }
}

}  // namespace

std::vector<std::string> AllHosts() {
  std::vector<std::string> hosts;
  for (const auto& [family, host] : {std::pair(AF_INET, "0.0.0.0"), std::pair(AF_INET6, "::")}) {
    const Fd tried(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (tried.valid() || errno != EAFNOSUPPORT) hosts.emplace_back(host);
  }
  return hosts;
}

Activator::Entry::Entry(Activator& all, Workload workload)
    : front(all.loop_, all.clock_, std::move(workload),
            [&all] {
              ++all.wanted_;
              all.wanted_changed_.Notify();
            }),
      server(all.loop_, {.body = http::ServerConfig::kHandlersBody}, front, all.clock_) {}

Activator::Activator(Loop& loop, controller::ApiClient& client, Clock& clock, telemetry::Logger log,
                     const Settings& settings)
    : loop_(loop),
      clock_(clock),
      log_(std::move(log)),
      hosts_(settings.hosts),
      instance_(settings.instance),
      begun_(clock.Now()),
      callers_(client, clock, settings.reader),
      services_(loop, client, kServices, log_, [this](const Json& it) { ServiceChanged(it); }),
      slices_(loop, client, kSlices, log_, [this](const Json& it) { SliceChanged(it); }),
      wanted_changed_(loop) {}

Awaitable<void> Activator::Run() {
  Spawn(loop_, services_.Run());
  Spawn(loop_, slices_.Run());
  while (true) {
    Settle();  // a port may be free by now
    co_await Pause(loop_, kListenAgain);
  }
}

void Activator::ServiceChanged(const Json& service) {
  const std::string key = controller::KeyOf(service);
  const bool there = services_.objects().contains(key);
  workloads_.Set(key, there ? ReadWorkload(service, workloads_.Find(key)) : std::nullopt);
  SettleSoon();
}

void Activator::SliceChanged(const Json& slice) {
  const auto entry = entries_.find(PodsOf(slice));
  if (entry != entries_.end()) entry->second->front.SetPods(PodsFor(entry->first));
  if (!settled_) SettleSoon();
}

// Once for all that is told in this turn of the loop: a list is as many changes as it has objects.
void Activator::SettleSoon() {
  if (std::exchange(settles_, true)) return;
  asio::post(loop_, [this] {
    settles_ = false;
    Settle();
  });
}

// Of all EndpointSlices that there are for its pods.
std::vector<http::TcpAddress> Activator::PodsFor(const std::string& key) const {
  std::vector<http::TcpAddress> pods;
  const std::string space = key.substr(0, key.find('/') + 1);
  const auto& slices = slices_.objects();
  for (auto it = slices.lower_bound(space); it != slices.end(); ++it) {
    if (!it->first.starts_with(space)) break;
    if (PodsOf(it->second) != key) continue;
    for (http::TcpAddress& pod : ReadyPods(it->second)) pods.push_back(std::move(pod));
  }
  return pods;
}

// One entry for each workload, under its present port.
void Activator::Settle() {
  if (!synced() || draining_) return;
  const auto served = workloads_.Served();
  for (auto it = entries_.begin(); it != entries_.end();) {
    const auto now = served.find(it->first);
    const Workload& before = it->second->front.workload();
    const bool stays =
        now != served.end() && now->second.uid == before.uid && now->second.port == before.port;
    if (stays) {
      it->second->front.Change(now->second);
      ++it;
      continue;
    }
    Spawn(loop_, Leave(it->second));
    it = entries_.erase(it);
  }
  for (const auto& [key, workload] : served) {
    auto& entry = entries_[key];
    if (!entry) {
      entry = std::make_shared<Entry>(*this, workload);
      entry->front.SetPods(PodsFor(key));
    }
    Listen(key, *entry);
  }
  settled_ = true;
}

void Activator::Listen(const std::string& key, Entry& entry) {
  for (const std::string& host : hosts_) {
    if (entry.listens.contains(host)) continue;
    auto listener = http::ListenTcp({host, entry.front.workload().port});
    auto adopted = listener ? entry.server.Adopt(*std::move(listener))
                            : Result<void>(std::unexpected(std::move(listener).error()));
    if (adopted) {
      entry.listens.insert(host);
    } else {
      log_.Warn("tried again", {{"service", key}, {"error", adopted.error().message}});
    }
  }
}

Awaitable<void> Activator::Leave(std::shared_ptr<Entry> entry) {
  const TimePoint deadline = clock_.Now() + entry->front.workload().limits.timeout;
  entry->front.Close();
  co_await entry->server.Drain(deadline);
  co_await entry->front.Quiet();  // one may have begun since, and still waits
}

Awaitable<void> Activator::Drain(TimePoint deadline) {
  draining_ = true;
  // All stop accepting at once.
  for (const auto& [key, entry] : entries_) Spawn(loop_, entry->server.Drain(deadline));
  for (const auto& [key, entry] : entries_) co_await entry->server.Drain(deadline);
}

Awaitable<void> Activator::Handle(http::Exchange& exchange) {
  const std::string_view path = exchange.head().path;
  if (path == "/ready" && settled_ && !draining_) {
    auto told = co_await http::Answer(exchange.sink(), 200, "text/plain", "ready\n");
    static_cast<void>(told);
  } else if (path == "/ready") {
    auto told = co_await http::AnswerProblem(
        exchange.sink(), http::ProblemOf(503, "not-ready", "the cluster is not read yet"));
    static_cast<void>(told);
  } else if (path == "/v1/demand") {
    co_await AnswerDemand(exchange);
  } else {
    auto told = co_await http::AnswerProblem(
        exchange.sink(), http::ProblemOf(404, "not-found", "there are /ready and /v1/demand"));
    static_cast<void>(told);
  }
}

Awaitable<void> Activator::AnswerDemand(http::Exchange& exchange) {
  const auto who = http::FindHeader(exchange.head().headers, "Authorization");
  const std::string_view from = exchange.head().peer;  // with its port
  std::string peer(from.substr(0, from.rfind(':')));
  const auto admitted = co_await callers_.Admit(std::move(peer), who);
  if (!admitted) {
    if (admitted.error().code == Errc::kUnavailable) {
      log_.Warn("who asks cannot be told", {{"error", admitted.error().message}});
    }
    http::Problem problem = ProblemForCaller(admitted.error());
    auto told = co_await http::AnswerProblem(exchange.sink(), std::move(problem));
    static_cast<void>(told);
    co_return;
  }
  const auto seen = SeenOf(exchange.head().query);
  if (!seen) {
    auto told = co_await http::AnswerProblem(
        exchange.sink(), http::ProblemOf(400, "bad-query", "say how much was seen: seen=NUMBER"));
    static_cast<void>(told);
    co_return;
  }
  if (*seen == wanted_ && readers_ < kMostReaders) {
    ++readers_;
    co_await wanted_changed_.Wait(kTell);
    --readers_;
  }
  auto told = co_await http::Answer(exchange.sink(), 200, "application/json",
                                    DumpJson(DemandToJson(Report())));
  static_cast<void>(told);
}

DemandReport Activator::Report() const {
  DemandReport report{
      .instance = instance_, .at = clock_.Now() - begun_, .wanted = wanted_, .workloads = {}};
  report.workloads.reserve(entries_.size());
  for (const auto& [key, entry] : entries_) report.workloads.push_back(entry->front.demand());
  return report;
}

}  // namespace strata::kube::activator
