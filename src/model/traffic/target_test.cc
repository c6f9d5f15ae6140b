#include "model/traffic/target.h"

#include <gtest/gtest.h>

namespace strata::model {
namespace {

TEST(TargetTest, TextAndBack) {
  for (const char* text :
       {"", "@1", "@4294967295", ":wasm", ":container", ":microvm", "@3:container"}) {
    const auto target = ParseTarget(text);
    ASSERT_TRUE(target) << text;
    EXPECT_EQ(target->ToString(), text);
  }
  EXPECT_TRUE(ParseTarget("")->current());
  EXPECT_EQ(ParseTarget("@3")->revision, 3U);
  EXPECT_EQ(ParseTarget(":container")->sandbox_class, Class::kContainer);
  EXPECT_EQ(ParseTarget("@3:container"), (Target{3, Class::kContainer}));
}

TEST(TargetTest, AnythingElseIsNone) {
  for (const char* text :
       {"3", "@", "@0", "@03", "@-1", "@3x", "@ 3", "@4294967296", ":", ":wasm ", ":Wasm",
        "container", "3:wasm", "@:wasm", "@3:", "@3:wasm:wasm", ":wasm@3"}) {
    EXPECT_FALSE(ParseTarget(text)) << text;
  }
}

}  // namespace
}  // namespace strata::model
