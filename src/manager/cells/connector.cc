#include "manager/cells/connector.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include <boost/asio/connect.hpp>
#include <boost/asio/redirect_error.hpp>

#include "base/async/promise.h"
#include "sandbox/worker.h"

namespace strata::manager {
namespace {

using boost::system::error_code;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;

constexpr std::chrono::seconds kPatience{10};
constexpr std::uint32_t kMostUnderWay = 32;  // of one owner

Error TooLong(const std::string& host) {
  return {Errc::kDeadlineExceeded, "connect to " + host + " took too long"};
}

Result<Connector::Endpoints> AskTheHost(const std::string& host, std::uint16_t port) {
  asio::io_context here;  // a resolver needs one; resolve() does all of it on this thread
  asio::ip::tcp::resolver resolver(here);
  error_code failed;
  const auto found = resolver.resolve(host, std::to_string(port), failed);
  if (failed) return Fail(Errc::kUnavailable, "connect to " + host + ": " + failed.message());
  Connector::Endpoints endpoints;
  for (const auto& each : found) endpoints.push_back(each.endpoint());
  return endpoints;
}

}  // namespace

struct Connector::Owners {
  struct Owner {
    std::uint32_t under_way = 0;
    std::unique_ptr<sandbox::Worker> resolver;  // from its first name on
  };
  std::map<std::string, Owner> by_name;
};

// One of an owner's attempts. The last one to go ends its thread, which has nothing to do then.
class Connector::Place {
 public:
  static Result<std::unique_ptr<Place>> Take(std::shared_ptr<Owners> owners, std::string owner) {
    auto& under_way = owners->by_name[owner].under_way;
    if (under_way >= kMostUnderWay) {
      return Fail(Errc::kResourceExhausted, "too many connections are being made");
    }
    ++under_way;
    return std::unique_ptr<Place>(new Place(std::move(owners), std::move(owner)));
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    const auto at = owners_->by_name.find(owner_);
    if (--at->second.under_way == 0) owners_->by_name.erase(at);
  }

  Result<sandbox::Worker*> Resolver() {
    auto& resolver = owners_->by_name.at(owner_).resolver;
    if (!resolver) {
      auto started = sandbox::Worker::Start(sandbox::WorkerMounts::kShared);
      if (!started) return std::unexpected(std::move(started).error());
      resolver = std::move(*started);
    }
    return resolver.get();
  }

 private:
  Place(std::shared_ptr<Owners> owners, std::string owner)
      : owners_(std::move(owners)), owner_(std::move(owner)) {}
  std::shared_ptr<Owners> owners_;
  std::string owner_;
};

// Shared with the timer's handler, which may still be queued when the attempt has ended, and with a
// lookup, which nothing shortens.
struct Connector::Attempt {
  Attempt(Loop& loop, std::unique_ptr<Place> taken)
      : place(std::move(taken)),
        found(loop),
        socket(loop.get_executor()),
        timer(loop.get_executor()) {}
  std::unique_ptr<Place> place;
  Promise<Endpoints> found;
  Socket socket;
  Timer timer;
  bool timed_out = false;
};

Connector::Connector(Loop& loop) : Connector(loop, AskTheHost) {}

Connector::Connector(Loop& loop, LookUpFn look_up)
    : loop_(loop), look_up_(std::move(look_up)), owners_(std::make_shared<Owners>()) {}

void Connector::Arm(const std::shared_ptr<Attempt>& attempt) {
  attempt->timer.expires_after(kPatience);
  attempt->timer.async_wait([attempt](error_code cancelled) {
    if (cancelled) return;
    attempt->timed_out = true;
    error_code ignored;
    attempt->socket.close(ignored);
  });
}

Awaitable<void> Connector::Resolve(std::shared_ptr<Attempt> attempt, LookUpFn look_up,
                                   std::string host, std::uint16_t port) {
  auto resolver = attempt->place->Resolver();
  if (!resolver) {
    attempt->found.Set(std::unexpected(std::move(resolver).error()));
    co_return;
  }
  std::move_only_function<Result<Endpoints>()> job =
      [look_up = std::move(look_up), host = std::move(host), port] { return look_up(host, port); };
  auto found = co_await (*resolver)->Run<Endpoints>(std::move(job));
  attempt->found.Set(std::move(found));
}

Task<Connector::Endpoints> Connector::Find(std::shared_ptr<Attempt> attempt, std::string host,
                                           std::uint16_t port) {
  error_code no_address;
  const auto address = asio::ip::make_address(host, no_address);
  if (!no_address) co_return Endpoints{{address, port}};
  Spawn(loop_, Resolve(attempt, look_up_, host, port));
  auto found = co_await attempt->found.Wait(kPatience);
  if (!found && found.error().code == Errc::kDeadlineExceeded) {
    co_return std::unexpected(TooLong(host));
  }
  co_return found;
}

Task<Fd> Connector::Connect(std::string owner, model::Grants grants, std::string host,
                            std::uint16_t port) {
  const bool granted = std::any_of(
      grants.http.begin(), grants.http.end(),
      [&](const model::HttpGrant& grant) { return grant.host == host && grant.port == port; });
  if (!granted) {
    ++denied_;
    co_return Fail(Errc::kPermissionDenied,
                   "no grant for " + host + ":" + std::to_string(port) + " (spec.grants.http)");
  }
  auto place = Place::Take(owners_, std::move(owner));
  if (!place) co_return std::unexpected(std::move(place).error());
  auto attempt = std::make_shared<Attempt>(loop_, std::move(*place));
  Arm(attempt);
  auto endpoints = co_await Find(attempt, host, port);
  error_code failed;
  if (endpoints) {
    co_await asio::async_connect(attempt->socket, *endpoints, asio::redirect_error(kAwait, failed));
  }
  attempt->timer.cancel();
  if (!endpoints) co_return std::unexpected(std::move(endpoints).error());
  if (attempt->timed_out) co_return std::unexpected(TooLong(host));
  if (failed) co_return Fail(Errc::kUnavailable, "connect to " + host + ": " + failed.message());
  const int fd = attempt->socket.release(failed);
  if (failed) co_return Fail(Errc::kUnavailable, failed.message());
  co_return Fd(fd);
}

}  // namespace strata::manager
