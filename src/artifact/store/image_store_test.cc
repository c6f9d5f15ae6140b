#include "artifact/store/image_store.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "artifact/store/root_image.h"
#include "base/files/files.h"
#include "base/testing/temp_dir.h"

namespace strata::artifact {
namespace {

namespace fs = std::filesystem;

const std::string kOne(64, '1');
const std::string kTwo(64, '2');

// A store in which records and layers are put by hand. What is unpacked: tests/e2e/images_test.py.
class ImageStoreTest : public ::testing::Test {
 protected:
  [[nodiscard]] fs::path Layer(std::string_view hex) const { return dir_.path() / "layers" / hex; }
  [[nodiscard]] fs::path Record(std::string_view hex) const { return dir_.path() / "images" / hex; }

  // An image of one layer, both named `hex`.
  void Put(const std::string& hex) {
    ASSERT_TRUE(fs::create_directory(Layer(hex)));
    RootImage image;
    image.args = {"/bin/app"};
    image.lower = {Layer(hex).string()};
    ASSERT_TRUE(WriteFileAtomic(Record(hex), WriteRootImage(image)));
  }
  void SetUp() override {
    auto store = ImageStore::Open({.directory = dir_.path(), .unpacker = {}});
    ASSERT_TRUE(store);
    store_.emplace(std::move(*store));
    Put(kOne);
    Put(kTwo);
  }

  const testing::TempDir dir_;
  std::optional<ImageStore> store_;
};

TEST_F(ImageStoreTest, PruneRemovesWhatIsNotKept) {
  EXPECT_EQ(store_->Prune({"sha256:" + kOne}).value_or(0), 1u);
  EXPECT_TRUE(store_->Get("sha256:" + kOne));
  EXPECT_FALSE(fs::exists(Record(kTwo)));
  EXPECT_FALSE(fs::exists(Layer(kTwo)));
}

TEST_F(ImageStoreTest, AKeptImageWhoseLayerIsGoneIsMadeAnew) {
  ASSERT_TRUE(fs::remove(Layer(kOne)));
  EXPECT_EQ(store_->Prune({"sha256:" + kOne, "sha256:" + kTwo}).value_or(9), 0u);
  EXPECT_FALSE(fs::exists(Record(kOne)));
  EXPECT_TRUE(store_->Get("sha256:" + kTwo));
}

// Whoever runs on it needs its layers, whatever is wrong with the record now.
TEST_F(ImageStoreTest, PruneRemovesNothingWhenAKeptImageCannotBeRead) {
  ASSERT_TRUE(WriteFileAtomic(Record(kOne), std::string(Bytes::MiB(1).count + 1, 'x')));
  const auto pruned = store_->Prune({"sha256:" + kOne});
  ASSERT_FALSE(pruned);
  EXPECT_EQ(pruned.error().code, Errc::kResourceExhausted);
  for (const std::string& hex : {kOne, kTwo}) {
    EXPECT_TRUE(fs::exists(Record(hex))) << hex;
    EXPECT_TRUE(fs::exists(Layer(hex))) << hex;
  }
}

TEST_F(ImageStoreTest, PruneRemovesNothingWhenTheRecordsCannotBeRead) {
  fs::rename(dir_ / "images", dir_ / "elsewhere");
  EXPECT_FALSE(store_->Prune({"sha256:" + kOne}));
  EXPECT_TRUE(fs::exists(Layer(kOne)));
}

}  // namespace
}  // namespace strata::artifact
