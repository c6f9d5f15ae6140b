#include "sandbox/oci/runtime/last_words.h"

#include <fstream>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"

namespace strata::sandbox::oci {
namespace {

std::optional<std::string> WordsOf(const std::string& log) {
  const strata::testing::TempDir folder;
  std::ofstream(folder / "log") << log;
  return LastWords(folder / "log");
}

TEST(LastWordsTest, AreTheMessageOfTheLastLine) {
  EXPECT_EQ(WordsOf("{\"msg\": \"first\"}\n{\"level\": \"error\", \"msg\": \"no such file\"}\n"),
            "\"no such file\"");
}

TEST(LastWordsTest, AreTheLogWhenItIsNoJson) { EXPECT_EQ(WordsOf("panic: x\n"), "panic: x"); }

TEST(LastWordsTest, AreNoneWithoutALog) {
  EXPECT_EQ(WordsOf(""), std::nullopt);
  EXPECT_EQ(LastWords("/nonexistent/log"), std::nullopt);
}

}  // namespace
}  // namespace strata::sandbox::oci
