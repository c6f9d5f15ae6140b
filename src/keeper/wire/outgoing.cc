#include "keeper/wire/outgoing.h"

#include <chrono>
#include <utility>

#include "wire/outcome.h"

namespace strata::keeper {
namespace {

// Longer than the manager tries.
constexpr std::chrono::seconds kPatience{15};

}  // namespace

class Outgoing::OfKey final : public sandbox::Connector {
 public:
  OfKey(Outgoing& outgoing, std::string key) : outgoing_(outgoing), key_(std::move(key)) {}

  Task<Fd> Connect(std::string_view host, std::uint16_t port) override {
    return outgoing_.Connect(key_, std::string(host), port);
  }

  void Account(const sandbox::Traffic& more) override {
    outgoing_.post_(Moved{.key = key_,
                          .sent = more.sent,
                          .received = more.received,
                          .connections = more.connections,
                          .denied = more.denied});
  }

 private:
  Outgoing& outgoing_;
  const std::string key_;
};

Outgoing::Outgoing(Loop& loop, PostFn post) : loop_(loop), post_(std::move(post)) {}
Outgoing::~Outgoing() = default;

sandbox::Connector& Outgoing::For(const std::string& key) {
  auto& connector = connectors_[key];
  if (!connector) connector = std::make_unique<OfKey>(*this, key);
  return *connector;
}

Task<Fd> Outgoing::Connect(std::string key, std::string host, std::uint16_t port) {
  const std::uint64_t id = next_id_++;
  auto answer = std::make_shared<Promise<Fd>>(loop_);
  waiting_.emplace(id, answer);
  post_(keeper::Connect{.id = id, .key = std::move(key), .host = std::move(host), .port = port});
  auto socket = co_await answer->Wait(kPatience);
  waiting_.erase(id);
  co_return socket;
}

void Outgoing::OnConnected(const Connected& answer, Fd socket) {
  const auto found = waiting_.find(answer.id);
  if (found == waiting_.end()) return;
  if (auto outcome = wire::OutcomeOf(answer.error); !outcome) {
    found->second->Set(std::unexpected(std::move(outcome).error()));
  } else if (!socket.valid()) {
    found->second->Set(Fail(Errc::kUnavailable, "the manager sent no descriptor"));
  } else {
    found->second->Set(std::move(socket));
  }
}

}  // namespace strata::keeper
