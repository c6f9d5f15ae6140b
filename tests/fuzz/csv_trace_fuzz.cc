// Any bytes as a trace: reading is total, and both readings see the same calls, in order.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "scheduler/simulate/csv_trace.h"

namespace {

using strata::scheduler::simulate::CsvFunctions;
using strata::scheduler::simulate::CsvTrace;
using strata::scheduler::simulate::ScanCsv;

class Memory final : public strata::scheduler::simulate::Input {
 public:
  Memory(std::string_view bytes, std::size_t piece) : bytes_(bytes), piece_(piece) {}
  strata::Result<std::size_t> Read(std::span<char> to) override {
    const std::size_t count = std::min({to.size(), bytes_.size(), piece_});
    std::memcpy(to.data(), bytes_.data(), count);
    bytes_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view bytes_;
  std::size_t piece_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Memory whole(bytes, size + 1);
  auto found = ScanCsv(whole);
  if (!found) return 0;
  const std::uint64_t calls = found->calls;
  CsvTrace trace(std::make_unique<Memory>(bytes, 7),
                 std::make_shared<const CsvFunctions>(std::move(*found)));
  strata::Duration last{};
  for (std::uint64_t i = 0; i < calls; ++i) {
    const auto call = trace.Next();
    STRATA_CHECK(call && *call);
    STRATA_CHECK((*call)->at >= last && (*call)->work >= strata::Duration::zero());
    STRATA_CHECK((*call)->function < trace.functions().size());
    last = (*call)->at;
  }
  const auto end = trace.Next();
  STRATA_CHECK(end && !*end);
  return 0;
}
