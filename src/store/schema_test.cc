// What is on disk: migration, and every kind of database that must not be opened.
#include "store/schema.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files/files.h"
#include "base/testing/temp_dir.h"
#include "store/testing.h"

namespace strata::store {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class SchemaTest : public ::testing::Test {
 protected:
  std::string path() const { return folder_ / "state.db"; }

  Result<std::unique_ptr<Store>> Open() { return Store::Open(folder_.path(), clock_, random_); }

  void MakeStore() {
    auto store = Open();
    ASSERT_TRUE(store) << store.error().message;
    const std::vector<NewResource> resources = {FunctionOf("f", "/a")};
    ASSERT_TRUE((*store)->Apply(resources));
  }

  void Run(const char* sql) {
    auto database = Database::Open(path());
    ASSERT_TRUE(database);
    ASSERT_TRUE((*database)->Script(sql)) << sql;
  }

  // Opening must fail with `message` and leave the file byte for byte as it was.
  void ExpectRefused(const std::string& message) {
    const auto before = ReadFile(path(), 64_MiB);
    const auto store = Open();
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, Errc::kFailedPrecondition);
    EXPECT_THAT(store.error().message, HasSubstr(message));
    EXPECT_THAT(store.error().message, HasSubstr("Nothing was changed"));
    EXPECT_EQ(*ReadFile(path(), 64_MiB), *before);
  }

  testing::TempDir folder_;
  ManualClock clock_;
  SeededRandom random_{1};
};

TEST_F(SchemaTest, ANewDatabaseHasTheCurrentVersion) {
  MakeStore();
  auto database = Database::Open(path());
  EXPECT_EQ(*(*database)->Number(0, "PRAGMA user_version"), SchemaVersion());
  EXPECT_EQ(*(*database)->Number(0, "PRAGMA application_id"), kApplicationId);
}

TEST_F(SchemaTest, AnUnfinishedNewDatabaseIsMadeAgain) {
  fs::create_directories(folder_.path());
  std::ofstream(path() + ".new") << "half";
  MakeStore();
  EXPECT_FALSE(fs::exists(path() + ".new"));
}

TEST_F(SchemaTest, AnEmptyFileIsNoNewStore) {
  fs::create_directories(folder_.path());
  std::ofstream(path()).flush();
  ExpectRefused("is empty");
}

TEST_F(SchemaTest, SomethingElseIsRefused) {
  std::ofstream(path()) << std::string(8192, 'x');
  ExpectRefused("file is not a database");
}

TEST_F(SchemaTest, ADamagedDatabaseIsRefused) {
  MakeStore();
  // The header stays; what the tables are made of does not.
  std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(4096);
  file << std::string(8 * 4096, '\x5a');
  file.close();
  ExpectRefused("is damaged");
}

TEST_F(SchemaTest, ATruncatedDatabaseIsRefused) {
  MakeStore();
  ASSERT_EQ(::truncate(path().c_str(), 2 * 4096), 0);
  ExpectRefused("is damaged");
}

TEST_F(SchemaTest, ADatabaseOfAnotherProgramIsRefused) {
  auto database = Database::Create(path());
  ASSERT_TRUE((*database)->Script("CREATE TABLE t(a); PRAGMA application_id = 7;"));
  database->reset();
  ExpectRefused("is not a database of Strata");
}

TEST_F(SchemaTest, ANewerDatabaseIsRefused) {
  MakeStore();
  Run("PRAGMA user_version = 1000");
  ExpectRefused("was written by another version of Strata (schema 1000");
}

TEST_F(SchemaTest, ALogWithoutItsDatabaseIsRefused) {
  MakeStore();
  fs::remove(path());
  std::ofstream(path() + "-wal") << "x";
  const auto store = Open();
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, Errc::kFailedPrecondition);
  EXPECT_FALSE(fs::exists(path()));
}

TEST_F(SchemaTest, ARowThatWasEditedByHandIsReportedNotSkipped) {
  MakeStore();
  Run("UPDATE resources SET body = '{\"kind\": \"Pod\"}'");
  auto store = Open();
  ASSERT_TRUE(store);
  EXPECT_EQ((*store)->List().error().code, Errc::kFailedPrecondition);
}

TEST_F(SchemaTest, ARevisionCannotBeChanged) {
  MakeStore();
  auto database = Database::Open(path());
  const auto changed = (*database)->Script("UPDATE revisions SET artifact_digest = 'x'");
  ASSERT_FALSE(changed);
  EXPECT_THAT(changed.error().message, HasSubstr("a revision is immutable"));
}

TEST_F(SchemaTest, AFailedMigrationLeavesTheOldVersion) {
  MakeStore();
  auto database = Database::Open(path());
  ASSERT_TRUE(database);
  {
    auto transaction = Transaction::Begin(**database);
    ASSERT_TRUE(transaction);
    ASSERT_TRUE((*database)->Script("CREATE TABLE later(a); PRAGMA user_version = 99;"));
  }
  EXPECT_EQ(*(*database)->Number(0, "PRAGMA user_version"), SchemaVersion());
  EXPECT_EQ(*(*database)->Number(0, "SELECT count(*) FROM sqlite_schema WHERE name = 'later'"), 0);
}

}  // namespace
}  // namespace strata::store
