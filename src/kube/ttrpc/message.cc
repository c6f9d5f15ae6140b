#include "kube/ttrpc/message.h"

#include <utility>

#include "kube/ttrpc/ttrpc.pb.h"

namespace strata::kube::ttrpc {
namespace {

constexpr std::string_view kNamespaceKey = "containerd-namespace-ttrpc";

struct CodePair {
  Errc ours;
  int grpc;
};
// The first pair of a code is what is sent for it; the others are understood only.
constexpr CodePair kCodes[] = {
    {Errc::kInvalidArgument, 3},    {Errc::kNotFound, 5},
    {Errc::kFailedPrecondition, 9}, {Errc::kFailedPrecondition, 6},  // already exists
    {Errc::kResourceExhausted, 8},  {Errc::kPermissionDenied, 7},
    {Errc::kPermissionDenied, 16},  // unauthenticated
    {Errc::kDeadlineExceeded, 4},   {Errc::kUnavailable, 14},
    {Errc::kUnsupported, 12},       {Errc::kInternal, 13},
};

}  // namespace

int GrpcCode(Errc code) noexcept {
  for (const CodePair& pair : kCodes) {
    if (pair.ours == code) return pair.grpc;
  }
  return GrpcCode(Errc::kInternal);
}

Errc FromGrpcCode(int code) noexcept {
  for (const CodePair& pair : kCodes) {
    if (pair.grpc == code) return pair.ours;
  }
  return Errc::kInternal;
}

std::string EncodeRequest(const Request& request) {
  wire::Request message;
  message.set_service(request.service);
  message.set_method(request.method);
  message.set_payload(request.payload);
  message.set_timeout_nano(request.timeout.count());
  if (!request.containerd_namespace.empty()) {
    auto* pair = message.add_metadata();
    pair->set_key(std::string(kNamespaceKey));
    pair->set_value(request.containerd_namespace);
  }
  return message.SerializeAsString();
}

Result<Request> DecodeRequest(std::string_view data) {
  wire::Request message;
  if (!message.ParseFromArray(data.data(), static_cast<int>(data.size()))) {
    return Fail(Errc::kInvalidArgument, "ttrpc: not a request");
  }
  if (message.service().empty() || message.method().empty() || message.timeout_nano() < 0) {
    return Fail(Errc::kInvalidArgument, "ttrpc: a request without service, method or sane timeout");
  }
  Request request{.service = std::move(*message.mutable_service()),
                  .method = std::move(*message.mutable_method()),
                  .payload = std::move(*message.mutable_payload()),
                  .timeout = std::chrono::nanoseconds(message.timeout_nano()),
                  .containerd_namespace = {}};
  for (auto& pair : *message.mutable_metadata()) {
    if (pair.key() == kNamespaceKey)
      request.containerd_namespace = std::move(*pair.mutable_value());
  }
  return request;
}

std::string EncodeReply(const Reply& reply) {
  wire::Response message;
  if (reply) {
    message.set_payload(*reply);
  } else {
    message.mutable_status()->set_code(GrpcCode(reply.error().code));
    message.mutable_status()->set_message(reply.error().message);
  }
  return message.SerializeAsString();
}

Reply DecodeReply(std::string_view data) {
  wire::Response message;
  if (!message.ParseFromArray(data.data(), static_cast<int>(data.size()))) {
    return Fail(Errc::kInternal, "ttrpc: not a response");
  }
  if (message.status().code() != 0) {
    return Fail(FromGrpcCode(message.status().code()),
                std::move(*message.mutable_status()->mutable_message()));
  }
  return std::move(*message.mutable_payload());
}

}  // namespace strata::kube::ttrpc
