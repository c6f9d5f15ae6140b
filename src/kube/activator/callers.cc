#include "kube/activator/callers.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/sha256.h"
#include "kube/activation.h"

namespace strata::kube::activator {
namespace {

constexpr const char* kReviews = "/apis/authentication.k8s.io/v1/tokenreviews";
constexpr std::size_t kMostToken = 8192;  // a service account's has about a thousand
constexpr std::size_t kMostAsking = 64;
constexpr std::size_t kMostOfOne = 4;  // address

// One for whom the API server is asked, until this goes.
class Asking {
 public:
  using All = std::multiset<std::string>;
  Asking(std::shared_ptr<All> all, std::string peer)
      : all_(std::move(all)), at_(all_->insert(std::move(peer))) {}
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;
  ~Asking() { all_->erase(at_); }

 private:
  const std::shared_ptr<All> all_;
  const All::iterator at_;
};

// A bearer token of the form that service accounts have: three parts in base64url (JWT).
std::optional<std::string_view> TokenOf(std::string_view authorization) {
  constexpr std::string_view kScheme = "Bearer ";
  if (!authorization.starts_with(kScheme)) return std::nullopt;
  const std::string_view token = authorization.substr(kScheme.size());
  const auto is_of_it = [](char each) {
    return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') ||
           (each >= '0' && each <= '9') || each == '-' || each == '_' || each == '.';
  };
  if (token.size() > kMostToken || !std::ranges::all_of(token, is_of_it)) return std::nullopt;
  return std::ranges::count(token, '.') == 2 ? std::optional(token) : std::nullopt;
}

}  // namespace

Callers::Callers(controller::ApiClient& client, const Clock& clock, std::string user)
    : client_(client), clock_(clock), user_(std::move(user)) {}

Task<void> Callers::Admit(std::string peer, std::optional<std::string_view> authorization) {
  const auto token = authorization ? TokenOf(*authorization) : std::nullopt;
  if (!token) co_return Fail(Errc::kInvalidArgument, "say who asks: a service account's token");
  const TimePoint asked = clock_.Now();
  std::erase_if(admitted_, [asked](const auto& each) { return each.second <= asked; });
  std::string digest = Sha256Hex(*token);
  Result<void> admitted;
  if (admitted_.contains(digest)) co_return admitted;
  if (asking_->size() >= kMostAsking || asking_->count(peer) >= kMostOfOne) {
    co_return Fail(Errc::kUnavailable, "too many ask; come again");
  }
  const Asking one_more(asking_, std::move(peer));
  std::string path = kReviews;
  Json question = ReviewOf(*token);
  auto review = co_await client_.Create(std::move(path), std::move(question));
  if (!review) {
    co_return Fail(Errc::kUnavailable, "it is not known who asks: " + review.error().message);
  }
  admitted = CheckReview(*review, user_);
  if (admitted) admitted_.insert_or_assign(std::move(digest), asked + kReviewHolds);
  co_return admitted;
}

Json ReviewOf(std::string_view token) {
  return {{"apiVersion", "authentication.k8s.io/v1"},
          {"kind", "TokenReview"},
          {"spec", {{"token", token}, {"audiences", Json::array({kActivatorName})}}}};
}

Result<void> CheckReview(const Json& review, std::string_view user) {
  const bool valid = review.value("/status/authenticated"_json_pointer, false);
  if (!valid) return Fail(Errc::kPermissionDenied, "the token is not valid here");
  // A server that knows nothing of audiences names none.
  const Json audiences = review.value("/status/audiences"_json_pointer, Json::array());
  if (std::ranges::find(audiences, Json(kActivatorName)) == audiences.end()) {
    return Fail(Errc::kPermissionDenied, "the token is not one for activators");
  }
  if (review.value("/status/user/username"_json_pointer, "") != user) {
    return Fail(Errc::kPermissionDenied, "the token is not the operator's");
  }
  return {};
}

}  // namespace strata::kube::activator
