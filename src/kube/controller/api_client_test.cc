#include "kube/controller/api_client.h"

#include <netinet/tcp.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text/strings.h"
#include "http/exchange_io.h"
#include "kube/controller/mirror.h"
#include "tls/test_support.h"

namespace strata::kube::controller {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Asked {
  std::string method;
  std::string target;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

struct Scripted {
  std::uint16_t status = 200;
  std::string body;
};

// An API server that answers as it is told, one request after the other; then with 503.
class ApiClientTest : public ::testing::Test {
 protected:
  Awaitable<void> Handle(http::Exchange& exchange) {
    Asked asked{std::string(exchange.head().method), std::string(exchange.head().target), {}, {}};
    for (const auto& [name, value] : exchange.head().headers) {
      asked.headers[Lower(name)] = std::string(value);
    }
    auto body = co_await http::ReadAll(exchange, 1_MiB);
    if (body) asked.body = *body;
    asked_.push_back(std::move(asked));
    patience_ms_ = tls::OptionOfConnectionTo(harness_.port, IPPROTO_TCP, TCP_USER_TIMEOUT);
    Scripted answer{503, "{}"};
    if (!script_.empty()) {
      answer = std::move(script_.front());
      script_.pop_front();
    }
    auto sent = co_await http::Answer(exchange.sink(), answer.status, "application/json",
                                      std::move(answer.body));
    static_cast<void>(sent);
  }

  template <typename T>
  static Awaitable<void> Keep(Task<T> task, std::shared_ptr<std::optional<Result<T>>> out) {
    out->emplace(co_await std::move(task));
  }
  template <typename T>
  Result<T> Finish(Task<T> task) {
    auto out = std::make_shared<std::optional<Result<T>>>();
    Spawn(harness_.http.loop, Keep(std::move(task), out));
    if (!harness_.http.RunUntil([&] { return out->has_value(); })) {
      return Fail(Errc::kInternal, "it did not end");
    }
    return std::move(**out);
  }

  // What coroutines may use until the loop has gone.
  template <typename T, typename... Args>
  T& Kept(Args&&... args) {
    auto made = std::make_shared<T>(std::forward<Args>(args)...);
    kept_.push_back(made);
    return *made;
  }

  std::vector<Asked> asked_;
  std::deque<Scripted> script_;
  int patience_ms_ = 0;  // of the client's kernel, with a server that confirms nothing
  std::vector<std::shared_ptr<void>> kept_;
  tls::TlsHarness harness_{[this](http::Exchange& exchange) { return Handle(exchange); }};
  ApiClient& client_ =
      Kept<ApiClient>(harness_.http.loop, ClusterAccess{harness_.remote(harness_.pki.client), {}});
};

TEST_F(ApiClientTest, AnObjectIsAppliedUnderOneManager) {
  script_ = {{200, R"({"kind":"Lease"})"}};
  auto answer = Finish(client_.Apply("/api/x", {{"kind", "Lease"}}));
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ((*answer)["kind"], "Lease");
  ASSERT_EQ(asked_.size(), 1U);
  EXPECT_EQ(asked_[0].method, "PATCH");
  EXPECT_EQ(asked_[0].target, "/api/x?force=true&fieldManager=strata-controller");
  EXPECT_EQ(asked_[0].headers["content-type"], "application/apply-patch+yaml");
  EXPECT_EQ(asked_[0].body, R"({"kind":"Lease"})");
  EXPECT_FALSE(asked_[0].headers.contains("authorization"));
}

TEST_F(ApiClientTest, AServerWhoseMachineVanishesIsGivenUpAfterHalfAMinuteAlsoInAWatch) {
  script_ = {{200, "{}"}};
  ASSERT_TRUE(Finish(client_.Get("/api/x")).has_value());
  EXPECT_EQ(std::exchange(patience_ms_, 0), 30'000);
  script_ = {{200, ""}};
  ASSERT_TRUE(Finish(client_.Watch("/api/things", "1", [](const WatchEvent&) {})).has_value());
  EXPECT_EQ(patience_ms_, 30'000);
}

TEST_F(ApiClientTest, WhatOthersHaveSetIsLeftWhereThatIsAsked) {
  script_ = {{409, R"({"kind":"Status","message":"conflict with \"kubectl\""})"}};
  auto answer = Finish(client_.Apply("/api/x", {{"kind", "Lease"}}, Others::kLeave));
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, Errc::kFailedPrecondition);
  ASSERT_EQ(asked_.size(), 1U);
  EXPECT_EQ(asked_[0].target, "/api/x?fieldManager=strata-controller");
}

TEST_F(ApiClientTest, ATokenIsReadAgainForEachRequest) {
  const auto file = harness_.pki.folder.File("token");
  ApiClient client(harness_.http.loop, {harness_.remote(harness_.pki.client), file});
  for (const char* token : {"first", "second"}) {
    std::ofstream(file) << token;
    script_ = {{200, "{}"}};
    ASSERT_TRUE(Finish(client.Get("/api/x")).has_value());
    EXPECT_EQ(asked_.back().headers["authorization"], std::string("Bearer ") + token);
  }
}

TEST_F(ApiClientTest, ARefusalHasTheServersWordsAndACode) {
  for (const auto& [status, code] :
       {std::pair(404, Errc::kNotFound), std::pair(409, Errc::kFailedPrecondition),
        std::pair(403, Errc::kPermissionDenied), std::pair(422, Errc::kInvalidArgument),
        std::pair(500, Errc::kUnavailable)}) {
    script_ = {{static_cast<std::uint16_t>(status), R"({"message":"not like this"})"}};
    auto answer = Finish(client_.Get("/api/x"));
    ASSERT_FALSE(answer.has_value()) << status;
    EXPECT_EQ(answer.error().code, code) << status;
    EXPECT_THAT(answer.error().message, HasSubstr("GET /api/x: not like this"));
  }
}

TEST_F(ApiClientTest, WhatIsNotThereIsDeleted) {
  script_ = {{404, "{}"}, {409, "{}"}, {403, "{}"}};
  EXPECT_TRUE(Finish(client_.Delete("/api/x", "uid-1", "7")).has_value());
  EXPECT_TRUE(Finish(client_.Delete("/api/x", "uid-1", "7")).has_value());
  EXPECT_FALSE(Finish(client_.Delete("/api/x", "uid-1", "7")).has_value());
}

// Somebody else may have taken the name since we looked, or have been given the object.
TEST_F(ApiClientTest, OnlyWhatWasSeenIsDeleted) {
  script_ = {{200, "{}"}};
  EXPECT_TRUE(Finish(client_.Delete("/api/x", "uid-1", "7")).has_value());
  EXPECT_EQ(asked_[0].target, "/api/x");
  const Json options = *ParseJson(asked_[0].body);
  EXPECT_EQ(options["preconditions"], (Json{{"uid", "uid-1"}, {"resourceVersion", "7"}}));
  EXPECT_EQ(options["propagationPolicy"], "Foreground");
}

std::string Item(const char* name, int version) {
  return R"({"metadata":{"namespace":"n","name":")" + std::string(name) +
         R"(","resourceVersion":")" + std::to_string(version) + "\"}}";
}
std::string ListOf(const std::string& items, int version) {
  return R"({"apiVersion":"v1","kind":"ThingList","metadata":{"resourceVersion":")" +
         std::to_string(version) + R"("},"items":[)" + items + "]}";
}
std::string Event(const char* type, const std::string& object) {
  return R"({"type":")" + std::string(type) + R"(","object":)" + object + "}\n";
}

class MirrorTest : public ApiClientTest {
 protected:
  // Runs the mirror until the script is at its end and the server was asked once more.
  void Play() {
    const std::size_t all = script_.size();
    Spawn(harness_.http.loop, mirror_.Run());
    ASSERT_TRUE(harness_.http.RunUntil([&] { return asked_.size() > all; }));
  }
  std::vector<std::string> Keys() const {
    std::vector<std::string> keys;
    for (const auto& [key, object] : mirror_.objects()) keys.push_back(key);
    return keys;
  }

  Mirror& Make(Form form) {
    std::function<void(const Json&)> tell = [&told = told_](const Json& it) {
      told.push_back(KeyOf(it));
    };
    return Kept<Mirror>(harness_.http.loop, client_, "/api/things", telemetry::Logger(),
                        std::move(tell), form);
  }

  std::vector<std::string>& told_ = Kept<std::vector<std::string>>();
  Mirror& mirror_ = Make(Form::kWhole);
};

TEST_F(MirrorTest, ListsThenWatchesFromThereAndGoesOn) {
  script_ = {{200, ListOf(Item("a", 3), 5)},
             {200, Event("ADDED", Item("b", 6)) + Event("DELETED", Item("a", 7)) +
                       Event("BOOKMARK", Item("", 9))}};
  Play();
  EXPECT_TRUE(mirror_.synced());
  EXPECT_THAT(Keys(), ElementsAre("n/b"));
  EXPECT_THAT(told_, ElementsAre("n/a", "n/b", "n/a"));
  ASSERT_EQ(asked_.size(), 3U);
  EXPECT_EQ(asked_[0].target, "/api/things?limit=500");
  EXPECT_THAT(asked_[1].target, HasSubstr("allowWatchBookmarks=true&resourceVersion=5"));
  EXPECT_THAT(asked_[2].target, HasSubstr("resourceVersion=9"));  // the bookmark's
}

TEST_F(MirrorTest, ItemsOfAListAreWholeObjects) {
  script_ = {{200, ListOf(Item("a", 3), 5)}};
  Play();
  EXPECT_EQ(mirror_.objects().at("n/a")["kind"], "Thing");
  EXPECT_EQ(mirror_.objects().at("n/a")["apiVersion"], "v1");
}

// As the API server lists the metadata of none.
TEST_F(MirrorTest, NoListAtAllIsAnEmptyOne) {
  Json none = *ParseJson(ListOf("", 5));
  none["items"] = nullptr;
  script_ = {{200, DumpJson(none)}};
  Play();
  EXPECT_TRUE(mirror_.synced());
  EXPECT_TRUE(mirror_.objects().empty());
}

TEST_F(MirrorTest, ALongListComesInPages) {
  Json first = *ParseJson(ListOf(Item("a", 3), 5));
  first["metadata"]["continue"] = "bW9yZQ";
  script_ = {{200, DumpJson(first)}, {200, ListOf(Item("b", 4), 5)}};
  Play();
  EXPECT_THAT(Keys(), ElementsAre("n/a", "n/b"));
  EXPECT_EQ(asked_[1].target, "/api/things?limit=500&continue=bW9yZQ");
  EXPECT_THAT(asked_[2].target, HasSubstr("resourceVersion=5"));
}

TEST_F(MirrorTest, APageThatIsTooLongIsAskedForWithFewerObjects) {
  Json first = *ParseJson(ListOf(Item("a", 3), 5));
  first["metadata"]["continue"] = "bW9yZQ";
  script_ = {{200, std::string(Bytes::MiB(65).count, ' ')},
             {200, DumpJson(first)},
             {200, ListOf(Item("b", 4), 5)}};
  Play();
  EXPECT_THAT(Keys(), ElementsAre("n/a", "n/b"));
  EXPECT_EQ(asked_[1].target, "/api/things?limit=125");
  EXPECT_EQ(asked_[2].target, "/api/things?limit=125&continue=bW9yZQ");
}

TEST_F(MirrorTest, WhoSetWhichFieldIsNotKept) {
  Json listed = *ParseJson(ListOf(Item("a", 3), 5));
  listed["items"][0]["metadata"]["managedFields"] = Json::array({Json::object()});
  Json told = *ParseJson(Item("b", 6));
  told["metadata"]["managedFields"] = Json::array({Json::object()});
  script_ = {{200, DumpJson(listed)}, {200, Event("ADDED", DumpJson(told))}};
  Play();
  ASSERT_THAT(Keys(), ElementsAre("n/a", "n/b"));
  for (const auto& [key, object] : mirror_.objects()) {
    EXPECT_FALSE(object["metadata"].contains("managedFields")) << key;
  }
}

TEST_F(MirrorTest, APageThatIsTooOldBeginsTheListAnew) {
  Json first = *ParseJson(ListOf(Item("a", 3), 5));
  first["metadata"]["continue"] = "bW9yZQ";
  script_ = {{200, DumpJson(first)}, {410, "{}"}, {200, ListOf(Item("b", 4), 9)}};
  Play();
  EXPECT_THAT(Keys(), ElementsAre("n/b"));
  EXPECT_THAT(told_, ElementsAre("n/b"));  // what is not whole is not told
}

TEST_F(MirrorTest, OnlyMetadataIsAskedForWhereThatIsEnough) {
  script_ = {{200, ListOf(Item("a", 3), 5)}};
  Spawn(harness_.http.loop, Make(Form::kMetadata).Run());
  ASSERT_TRUE(harness_.http.RunUntil([&] { return asked_.size() > 1; }));
  EXPECT_THAT(asked_[0].headers["accept"], HasSubstr("as=PartialObjectMetadataList;"));
  EXPECT_THAT(asked_[1].headers["accept"], HasSubstr("as=PartialObjectMetadata;"));
}

TEST_F(MirrorTest, AnOldVersionLeadsToAListWhichFindsWhatHasGone) {
  script_ = {{200, ListOf(Item("a", 3) + "," + Item("b", 4), 5)},
             {200, Event("ERROR", R"({"code":410,"message":"too old"})")},
             {200, ListOf(Item("b", 4), 20)}};
  Play();
  EXPECT_THAT(Keys(), ElementsAre("n/b"));
  EXPECT_THAT(told_, ElementsAre("n/a", "n/b", "n/a", "n/b"));
  EXPECT_EQ(asked_[2].target, "/api/things?limit=500");
  EXPECT_THAT(asked_[3].target, HasSubstr("resourceVersion=20"));
}

TEST_F(MirrorTest, AnyErrorThatEndsAWatchLeadsToAList) {
  script_ = {{200, ListOf(Item("a", 3), 5)},
             {200, Event("ERROR", R"({"code":500,"message":"etcd"})")},
             {200, ListOf(Item("b", 4), 20)}};
  Play();
  EXPECT_THAT(Keys(), ElementsAre("n/b"));
  EXPECT_THAT(asked_[3].target, HasSubstr("resourceVersion=20"));
}

// As it is when etcd was restored from a copy that is older than what we have seen.
TEST_F(MirrorTest, AVersionThatIsAlwaysRefusedLeadsToAList) {
  const Scripted refused{504, R"({"code":504,"message":"Too large resource version"})"};
  script_ = {
      {200, ListOf(Item("a", 3), 50)}, refused, refused, refused, {200, ListOf(Item("b", 4), 20)}};
  Play();
  EXPECT_THAT(Keys(), ElementsAre("n/b"));
  EXPECT_THAT(asked_[3].target, HasSubstr("resourceVersion=50"));
  EXPECT_EQ(asked_[4].target, "/api/things?limit=500");
  EXPECT_THAT(asked_[5].target, HasSubstr("resourceVersion=20"));
}

TEST_F(MirrorTest, AServerThatEndsEachWatchAtOnceIsAskedAfterPauses) {
  script_ = {{200, ListOf(Item("a", 3), 5)}, {200, ""}, {200, ""}};
  const auto began = std::chrono::steady_clock::now();
  Play();
  EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(200 + 400));
  EXPECT_THAT(asked_[3].target, HasSubstr("resourceVersion=5"));
}

TEST_F(MirrorTest, AServerThatIsAwayIsAskedAgainFromTheSamePlace) {
  script_ = {{503, "{}"},
             {200, ListOf(Item("a", 3), 5)},
             {503, "{}"},
             {200, Event("ADDED", Item("b", 6))}};
  Play();
  EXPECT_THAT(Keys(), ElementsAre("n/a", "n/b"));
  EXPECT_THAT(asked_[3].target, HasSubstr("resourceVersion=5"));
}

}  // namespace
}  // namespace strata::kube::controller
