#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"
#include "store/store.h"
#include "store/testing.h"

namespace strata::store {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class ModelsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Reopen();
    const std::vector<NewResource> two = {FunctionOf("cart", "/cart"), FunctionOf("pay", "/pay")};
    ASSERT_TRUE(store_->Apply(two).has_value());
  }
  void Reopen() {
    store_.reset();
    auto store = Store::Open(folder_.path(), clock_, random_);
    ASSERT_TRUE(store) << store.error().message;
    store_ = *std::move(store);
  }
  static ModelRecord RecordOf(const std::string& name, const std::string& bytes,
                              std::uint64_t revision = 1) {
    return {.tenant = "shop",
            .name = name,
            .revision = revision,
            .sandbox_class = "wasm",
            .artifact_digest = "",
            .bytes = bytes};
  }

  testing::TempDir folder_;
  ManualClock clock_;
  SeededRandom random_{1};
  std::unique_ptr<Store> store_;
};

TEST_F(ModelsTest, TheLastBytesSurviveAReopen) {
  const std::string bytes("\0\xff learned", 10);
  ASSERT_TRUE(store_->PutModels(std::vector{RecordOf("cart", "old"), RecordOf("pay", "")}));
  ASSERT_TRUE(store_->PutModels(std::vector{RecordOf("cart", bytes)}));
  Reopen();
  const auto models = store_->Models();
  ASSERT_TRUE(models.has_value()) << models.error().message;
  ASSERT_THAT(*models, SizeIs(2));
  EXPECT_EQ(models->front().name, "cart");
  EXPECT_EQ(models->front().bytes, bytes);
  EXPECT_EQ(models->front().artifact_digest, DigestOf('a'));
  EXPECT_EQ(models->back().bytes, "");
}

TEST_F(ModelsTest, ThoseOfARevisionThatIsGoneAreLeftOut) {
  ASSERT_TRUE(store_->PutModels(
      std::vector{RecordOf("cart", "x"), RecordOf("cart", "x", 7), RecordOf("nobody", "x")}));
  EXPECT_THAT(*store_->Models(), SizeIs(1));
}

TEST_F(ModelsTest, TheyGoWithTheirWorkload) {
  ASSERT_TRUE(store_->PutModels(std::vector{RecordOf("cart", "x")}));
  const model::ResourceKey key{"shop", model::Kind::kFunction, "cart"};
  ASSERT_TRUE(store_->Delete(std::span(&key, 1)).has_value());
  EXPECT_THAT(*store_->Models(), IsEmpty());
}

TEST_F(ModelsTest, TheArtifactOfARevision) {
  EXPECT_EQ(*store_->ArtifactOf("shop", "cart", 1), DigestOf('a'));
  EXPECT_EQ(store_->ArtifactOf("shop", "cart", 2).error().code, Errc::kNotFound);
}

}  // namespace
}  // namespace strata::store
