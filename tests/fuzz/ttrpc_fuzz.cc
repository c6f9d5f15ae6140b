// Any bytes as a header of ttrpc and as the messages behind one.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/check.h"
#include "kube/ttrpc/frame.h"
#include "kube/ttrpc/message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace ttrpc = strata::kube::ttrpc;
  const auto bytes = std::as_bytes(std::span(data, size));
  if (size >= ttrpc::kHeaderBytes) {
    const auto first = bytes.first<ttrpc::kHeaderBytes>();
    if (const auto header = ttrpc::DecodeHeader(first)) {
      const auto again = ttrpc::EncodeHeader(*header);
      STRATA_CHECK(std::ranges::equal(again, first));
    }
  }
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto request = ttrpc::DecodeRequest(text)) {
    const auto again = ttrpc::DecodeRequest(ttrpc::EncodeRequest(*request));
    STRATA_CHECK(again && *again == *request);
  }
  static_cast<void>(ttrpc::DecodeReply(text));
  return 0;
}
