#include "artifact/artifact.h"

#include <sys/stat.h>

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "artifact/testing.h"
#include "base/sha256.h"
#include "base/testing/temp_dir.h"
#include "base/text/json.h"

namespace strata::artifact {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const std::string kWasm = std::string("\0asm\1\0\0\0", 8) + "rest";
constexpr const char* kManifestType = "application/vnd.oci.image.manifest.v1+json";
constexpr const char* kConfigType = "application/vnd.wasm.config.v0+json";

class ArtifactTest : public ::testing::Test {
 protected:
  // Writes a blob and returns its descriptor.
  Json AddBlob(const std::string& content, const char* media_type) {
    const std::string hex = Sha256Hex(content);
    WriteText(BlobPath(hex), content);
    return {{"mediaType", media_type}, {"digest", "sha256:" + hex}, {"size", content.size()}};
  }

  std::string BlobPath(const std::string& hex) const { return folder_ / ("l/blobs/sha256/" + hex); }

  static std::string HexOf(const Json& descriptor) {
    return descriptor["digest"].get<std::string>().substr(7);
  }

  void AddToIndex(Json descriptor, const std::string& tag) {
    if (!tag.empty()) descriptor["annotations"]["org.opencontainers.image.ref.name"] = tag;
    index_["manifests"].push_back(descriptor);
    WriteText(folder_ / "l/index.json", DumpJson(index_));
    WriteText(folder_ / "l/oci-layout", R"({"imageLayoutVersion": "1.0.0"})");
  }

  // A layout with one artifact as the CNCF guide for wasm artifacts describes it.
  Json AddWasm(const std::string& wasm, const std::string& tag) {
    layer_ = AddBlob(wasm, "application/wasm");
    const Json config = {
        {"architecture", "wasm"}, {"os", "wasip2"}, {"layerDigests", {layer_["digest"]}}};
    manifest_ = {{"schemaVersion", 2},
                 {"mediaType", kManifestType},
                 {"config", AddBlob(DumpJson(config), kConfigType)},
                 {"layers", {layer_}}};
    const Json descriptor = AddBlob(DumpJson(manifest_), kManifestType);
    AddToIndex(descriptor, tag);
    return descriptor;
  }

  // Replaces the layout's one manifest by `manifest_`.
  void RewriteManifest() {
    index_["manifests"] = Json::array();
    AddToIndex(AddBlob(DumpJson(manifest_), kManifestType), "");
  }

  std::string Layout() const { return "oci:" + (folder_ / "l").string(); }

  void ExpectFails(const std::string& reference, Errc code, const std::string& message) {
    const auto artifact = Resolve(reference, Bytes::KiB(64));
    ASSERT_FALSE(artifact) << reference;
    EXPECT_EQ(artifact.error().code, code) << artifact.error().message;
    EXPECT_THAT(artifact.error().message, HasSubstr(message));
  }

  testing::TempDir folder_;
  Json index_ = {{"schemaVersion", 2}, {"manifests", Json::array()}};
  Json layer_;
  Json manifest_;
};

TEST_F(ArtifactTest, ReadsAFile) {
  WriteText(folder_ / "f.wasm", kWasm);
  const auto artifact = Resolve((folder_ / "f.wasm").string());
  ASSERT_TRUE(artifact) << artifact.error().message;
  EXPECT_EQ(artifact->bytes, BytesOf(kWasm));
  EXPECT_EQ(artifact->digest, "sha256:" + Sha256Hex(kWasm));
}

TEST_F(ArtifactTest, WhatIsNoReadableFileIsATypedError) {
  ExpectFails(folder_ / "none.wasm", Errc::kNotFound, "none.wasm");
  ExpectFails(folder_.path(), Errc::kInvalidArgument, "not a regular file");
  ASSERT_EQ(::mkfifo((folder_ / "fifo").c_str(), 0600), 0);
  ExpectFails(folder_ / "fifo", Errc::kInvalidArgument, "not a regular file");
  ExpectFails("/dev/zero", Errc::kInvalidArgument, "not a regular file");
  ExpectFails("./f.wasm", Errc::kInvalidArgument, "neither an absolute path nor oci:");
  ExpectFails("oci://registry/f", Errc::kUnsupported, "registry");
}

TEST_F(ArtifactTest, AFileAboveTheLimitIsNotRead) {
  WriteText(folder_ / "f.wasm", "");
  fs::resize_file(folder_ / "f.wasm", std::uintmax_t{1} << 40);  // sparse: takes no space
  ExpectFails(folder_ / "f.wasm", Errc::kResourceExhausted, "larger than 65536 bytes");
}

TEST_F(ArtifactTest, ReadsAnOciLayoutByTagDigestOrAlone) {
  const Json descriptor = AddWasm(kWasm, "v1");
  for (const std::string suffix : {"", ":v1", "@"}) {
    const auto artifact =
        Resolve(Layout() + suffix + (suffix == "@" ? descriptor["digest"].get<std::string>() : ""));
    ASSERT_TRUE(artifact) << artifact.error().message;
    EXPECT_EQ(artifact->bytes, BytesOf(kWasm));
    EXPECT_EQ(artifact->digest, layer_["digest"].get<std::string>());
  }
}

TEST_F(ArtifactTest, ReadsAPlainImageManifest) {
  AddWasm(kWasm, "");
  manifest_["config"] = AddBlob("{}", "application/vnd.oci.image.config.v1+json");
  RewriteManifest();
  const auto artifact = Resolve(Layout());
  EXPECT_TRUE(artifact) << artifact.error().message;
}

TEST_F(ArtifactTest, TakesTheLayersOfOlderTools) {
  AddWasm(kWasm, "");
  for (const char* type : {"application/vnd.bytecodealliance.wasm.component.layer.v0+wasm",
                           "application/vnd.wasm.content.layer.v1+wasm"}) {
    manifest_["layers"][0]["mediaType"] = type;
    RewriteManifest();
    const auto artifact = Resolve(Layout());
    ASSERT_TRUE(artifact) << artifact.error().message;
    EXPECT_EQ(artifact->bytes, BytesOf(kWasm));
  }
}

TEST_F(ArtifactTest, SeveralArtifactsNeedAChoice) {
  AddWasm(kWasm, "v1");
  AddWasm(kWasm + "2", "v2");
  ExpectFails(Layout(), Errc::kInvalidArgument, "holds several artifacts");
  ExpectFails(Layout() + ":v3", Errc::kNotFound, "no manifest 'v3'");
  ExpectFails(Layout() + "@sha256:" + std::string(64, '0'), Errc::kNotFound, "no manifest");
  ExpectFails(Layout() + "@sha256:0", Errc::kInvalidArgument, "no sha256 digest");
  const auto artifact = Resolve(Layout() + ":v2");
  ASSERT_TRUE(artifact);
  EXPECT_EQ(artifact->bytes, BytesOf(kWasm + "2"));
}

TEST_F(ArtifactTest, AChangedBlobIsRefused) {
  const Json descriptor = AddWasm(kWasm, "");
  std::string other = kWasm;
  other.back() = 'X';
  WriteText(BlobPath(HexOf(layer_)), other);
  ExpectFails(Layout(), Errc::kInvalidArgument, "has another content");
  WriteText(BlobPath(HexOf(layer_)), kWasm + "more");
  ExpectFails(Layout(), Errc::kInvalidArgument, "as its descriptor says");
  WriteText(BlobPath(HexOf(layer_)), kWasm);
  WriteText(BlobPath(HexOf(descriptor)), DumpJson(manifest_).replace(0, 1, " "));
  ExpectFails(Layout(), Errc::kInvalidArgument, "has another content");
}

TEST_F(ArtifactTest, AMissingBlobIsNotFound) {
  AddWasm(kWasm, "");
  fs::remove(BlobPath(HexOf(layer_)));
  ExpectFails(Layout(), Errc::kNotFound, "blobs/sha256/");
}

TEST_F(ArtifactTest, ALinkInsideALayoutIsNotFollowed) {
  AddWasm(kWasm, "");
  const std::string blob = BlobPath(HexOf(layer_));
  WriteText(folder_ / "outside", kWasm);
  fs::remove(blob);
  fs::create_symlink(folder_ / "outside", blob);
  ExpectFails(Layout(), Errc::kInvalidArgument, "is a link");
  fs::remove_all(folder_ / "l/blobs");
  fs::create_directory_symlink(folder_.path(), folder_ / "l/blobs");
  ExpectFails(Layout(), Errc::kInvalidArgument, "is a link");
}

TEST_F(ArtifactTest, ADigestCannotNameAnotherFile) {
  AddWasm(kWasm, "");
  for (const std::string digest :
       {"sha256:../../../etc/passwd", "sha256:", "sha512:00", "", "../x", "sha256:ABCD"}) {
    manifest_["layers"][0]["digest"] = digest;
    RewriteManifest();
    ExpectFails(Layout(), Errc::kInvalidArgument, "is no sha256 digest");
  }
}

TEST_F(ArtifactTest, ASizeThatIsALieIsRefusedBeforeReading) {
  AddWasm(kWasm, "");
  manifest_["layers"][0]["size"] = std::uint64_t{1} << 62;
  RewriteManifest();
  ExpectFails(Layout(), Errc::kResourceExhausted, "at most 65536 are read");
  manifest_["layers"][0]["size"] = -1;
  RewriteManifest();
  ExpectFails(Layout(), Errc::kInvalidArgument, "no valid size");
}

TEST_F(ArtifactTest, WhatIsNoWasmArtifactIsRefused) {
  AddWasm(kWasm, "");
  const Json good = manifest_;
  manifest_["layers"][0]["mediaType"] = "application/vnd.oci.image.layer.v1.tar+gzip";
  RewriteManifest();
  ExpectFails(Layout(), Errc::kInvalidArgument, "not 'linux/amd64'");
  manifest_ = good;
  manifest_["layers"].push_back(layer_);
  RewriteManifest();
  ExpectFails(Layout(), Errc::kInvalidArgument, "not exactly one layer");
  manifest_ = good;
  manifest_.erase("config");
  RewriteManifest();
  ExpectFails(Layout(), Errc::kInvalidArgument, "has no config");
  manifest_ = good;
  manifest_["config"] = AddBlob(R"({"architecture": "amd64"})", kConfigType);
  RewriteManifest();
  ExpectFails(Layout(), Errc::kInvalidArgument, "architecture is 'amd64'");
  manifest_["config"] =
      AddBlob(R"({"architecture": "wasm", "layerDigests": ["sha256:0"]})", kConfigType);
  RewriteManifest();
  ExpectFails(Layout(), Errc::kInvalidArgument, "layerDigests");
}

TEST_F(ArtifactTest, ABrokenLayoutIsATypedError) {
  ExpectFails(Layout(), Errc::kNotFound, "/l");
  AddWasm(kWasm, "");
  for (const std::string index : {"", "{", "[]", "{}", R"({"manifests": 3})",
                                  R"({"manifests": []})", R"({"manifests": [3]})"}) {
    WriteText(folder_ / "l/index.json", index);
    EXPECT_FALSE(Resolve(Layout())) << index;
  }
  WriteText(folder_ / "l/oci-layout", R"({"imageLayoutVersion": "2.0.0"})");
  ExpectFails(Layout(), Errc::kInvalidArgument, "imageLayoutVersion");
}

}  // namespace
}  // namespace strata::artifact
