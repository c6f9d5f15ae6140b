// kube/shim/ask_containerd.h - one call of containerd's gRPC that has one answer.
//
// Threads: blocks. Errors: grpc::Client's; kInvalidArgument: the answer is no such message.
#pragma once

#include <string>

#include "base/result.h"
#include "kube/grpc/client.h"

namespace strata::kube::shim {

template <typename Answer, typename Question>
Result<Answer> AskContainerd(grpc::Client& containerd, const std::string& name_space,
                             const char* method, const Question& question) {
  const auto said = containerd.Call(
      {.method = method, .name_space = name_space, .message = question.SerializeAsString()});
  if (!said) return std::unexpected(said.error());
  Answer answer;
  if (answer.ParseFromString(*said)) return answer;
  return Fail(Errc::kInvalidArgument, std::string(method) + ": containerd's answer is no message");
}

}  // namespace strata::kube::shim
