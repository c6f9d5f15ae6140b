#include "inventory/features.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <zlib.h>

#include "base/testing/temp_dir.h"

namespace strata::inventory {
namespace {

namespace fs = std::filesystem;
using advisor::StatedFeature;
using Trial = StatedFeature::Trial;
using Outcome = advisor::Tried::Outcome;

// A host with nothing on it but what a test puts there.
class FeaturesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(root_ / "proc");
    fs::create_directories(root_ / "boot");
    ::setenv("PATH", root_.path().c_str(), 1);
  }

  void Write(const std::string& file, const std::string& text) {
    std::ofstream(root_ / file) << text;
  }
  advisor::Tried Try(StatedFeature feature) {
    return TryFeatures({&feature, 1}, {.root = root_.path(), .release = "6.1.0-18"}).front();
  }
  Outcome OutcomeOf(StatedFeature feature) { return Try(std::move(feature)).outcome; }

  testing::TempDir root_;
};

TEST_F(FeaturesTest, AProgramShowsAFeatureByWhatItPrints) {
  const StatedFeature feature{.trial = Trial::kProgram,
                              .program = "opa",
                              .arguments = {"version", ""},
                              .shows = "WebAssembly: available"};
  EXPECT_EQ(Try(feature).evidence.en, "opa is not installed");
  EXPECT_EQ(OutcomeOf(feature), Outcome::kNotTried);
  Write("opa", "#!/bin/sh\necho \"$1 WebAssembly: available\"\n");
  fs::permissions(root_ / "opa", fs::perms::owner_all);
  EXPECT_EQ(OutcomeOf(feature), Outcome::kHere);
  EXPECT_EQ(Try(feature).evidence.en, "opa version prints 'WebAssembly: available'");
  Write("opa", "#!/bin/sh\necho \"WebAssembly: unavailable\"\n");
  EXPECT_EQ(OutcomeOf(feature), Outcome::kNotHere);
  Write("opa", "#!/bin/sh\nexit 1\n");
  EXPECT_EQ(OutcomeOf(feature), Outcome::kNotTried) << "no answer shows nothing";
}

TEST_F(FeaturesTest, FilesAndProgramsAreLookedFor) {
  const StatedFeature file{.trial = Trial::kFile, .shows = "/proc/thing"};
  EXPECT_EQ(OutcomeOf(file), Outcome::kNotHere);
  Write("proc/thing", "");
  EXPECT_EQ(OutcomeOf(file), Outcome::kHere);
  const StatedFeature program{.trial = Trial::kFound, .program = "shim"};
  EXPECT_EQ(OutcomeOf(program), Outcome::kNotHere);
}

TEST_F(FeaturesTest, TheKernelsConfigurationIsReadPlainAndCompressed) {
  const StatedFeature feature{.trial = Trial::kConfig, .shows = "CONFIG_BPF_JIT=y"};
  EXPECT_EQ(OutcomeOf(feature), Outcome::kNotTried) << "there is none";
  Write("boot/config-6.1.0-18", "CONFIG_HAVE_BPF_JIT=y\nCONFIG_BPF_JIT=y\n");
  EXPECT_EQ(OutcomeOf(feature), Outcome::kHere);
  EXPECT_EQ(Try(feature).evidence.en, "/boot/config-6.1.0-18: CONFIG_BPF_JIT=y");
  gzFile packed = ::gzopen((root_ / "proc/config.gz").c_str(), "wb");
  ::gzputs(packed, "CONFIG_HAVE_BPF_JIT=y\n# CONFIG_BPF_JIT=y is not set\n");
  ::gzclose(packed);
  EXPECT_EQ(OutcomeOf(feature), Outcome::kNotHere) << "the running kernel's own is taken first";
}

TEST_F(FeaturesTest, ReleasesAreComparedByTheirNumbers) {
  EXPECT_EQ(OutcomeOf({.trial = Trial::kRelease, .shows = "6.7"}), Outcome::kNotHere);
  EXPECT_EQ(OutcomeOf({.trial = Trial::kRelease, .shows = "6.1"}), Outcome::kHere);
  EXPECT_EQ(OutcomeOf({.trial = Trial::kRelease, .shows = "5.20"}), Outcome::kHere);
}

TEST_F(FeaturesTest, WhatCannotBeTriedSaysWhy) {
  const auto tried = Try({.why = {"a cluster shows it", ""}});
  EXPECT_EQ(tried.outcome, Outcome::kNotTried);
  EXPECT_EQ(tried.evidence.en, "a cluster shows it");
}

TEST_F(FeaturesTest, AllOfTheDocumentsAreTriedHere) {
  const advisor::FoundHere here = FindHere();
  EXPECT_EQ(here.features.size(), advisor::StatedFeatures().size());
  EXPECT_TRUE(here.versions.contains("eBPF"));
}

}  // namespace
}  // namespace strata::inventory
