#include "sandbox/oci/guest/output.h"

#include <fcntl.h>

#include <string_view>

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

namespace strata::sandbox::oci {
namespace {

// Closes the stream after many lines, so that a broken test ends.
class Patience final : public LogSink {
 public:
  explicit Patience(Descriptor& stream) : stream_(stream) {}
  void Write(Stream, std::string_view) override {
    if (++lines_ == kMostLines) stream_.close();
  }
  [[nodiscard]] bool over() const { return lines_ >= kMostLines; }

 private:
  static constexpr int kMostLines = 1000;
  Descriptor& stream_;
  int lines_ = 0;
};

TEST(CollectLinesTest, AGuestThatPrintsWithoutPauseLeavesOthersTheirTurns) {
  Loop loop;
  Descriptor stream(loop.get_executor(), ::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  Patience patience(stream);
  LogLines lines(&patience, Stream::kStdout);
  Spawn(loop, CollectLines(stream, lines));
  asio::post(loop, [&stream] { stream.close(); });
  loop.run();
  EXPECT_FALSE(patience.over());
}

}  // namespace
}  // namespace strata::sandbox::oci
