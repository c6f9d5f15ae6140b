// Any bytes as a tar stream: reading is total, and every name that comes out of it stays below its
// root.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/files/tar.h"

namespace {

class Checking final : public strata::tar::Reader::Sink {
 public:
  strata::Result<void> OnEntry(const strata::tar::Entry& entry) override {
    const std::string path = "/" + entry.path + "/";
    STRATA_CHECK(!path.contains("/../") && !path.contains("/./"));
    STRATA_CHECK(entry.path.empty() ? entry.is_directory : !path.contains("//"));
    STRATA_CHECK(!path.contains('\0') && path.size() <= strata::tar::kLongestPath + 2);
    left_ = entry.size;
    return {};
  }
  strata::Result<void> OnContent(std::string_view bytes) override {
    STRATA_CHECK(bytes.size() <= left_);
    left_ -= bytes.size();
    return {};
  }

 private:
  std::uint64_t left_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Checking sink;
  strata::tar::Reader reader(sink);
  const std::size_t half = size / 2;
  if (reader.Take(bytes.substr(0, half)) && reader.Take(bytes.substr(half))) {
    static_cast<void>(reader.Finish());
  }
  return 0;
}
