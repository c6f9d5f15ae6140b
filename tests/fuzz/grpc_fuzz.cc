// Any bytes as what a gRPC server sends.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/check.h"
#include "kube/grpc/frames.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace grpc = strata::kube::grpc;
  auto rest = std::as_bytes(std::span(data, size));
  std::size_t taken = 0;
  grpc::Answer answer(1, [&](std::string_view message) -> strata::Result<void> {
    taken += message.size();
    STRATA_CHECK(taken <= size);
    return {};
  });
  while (rest.size() >= grpc::kHeaderBytes && !answer.ended()) {
    const auto header = grpc::DecodeHeader(rest.first<grpc::kHeaderBytes>());
    if (!header) return 0;
    rest = rest.subspan(grpc::kHeaderBytes);
    const auto payload = rest.first(std::min<std::size_t>(header->length, rest.size()));
    rest = rest.subspan(payload.size());
    const std::string_view text(reinterpret_cast<const char*>(payload.data()), payload.size());
    if (!answer.Take(*header, text)) return 0;
    static_cast<void>(answer.TakeReply());
  }
  return 0;
}
