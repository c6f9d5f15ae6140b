// store/sqlite.h - SQLite as the store uses it: one connection, statements prepared once, errors as
// Results. The only file of the project that knows SQLite's C interface is sqlite.cc.
//
// Threads: one at a time. Lifetime: a Query and a Transaction end before their Database.
// Errors: kResourceExhausted (disk full), kUnavailable (locked by another process),
// kFailedPrecondition (corrupt, or no database), kInternal (everything else; SQLite's words).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/text/byte_view.h"

struct sqlite3;
struct sqlite3_stmt;

namespace strata::store {

// One execution of a prepared statement: bound when it is made, reset when it is destroyed. At most
// one Query of the same SQL exists at a time.
class Query {
 public:
  Query(sqlite3* database, sqlite3_stmt* statement) noexcept
      : database_(database), statement_(statement) {}
  Query(Query&& other) noexcept;
  Query& operator=(Query&&) = delete;
  ~Query();

  // Moves to the next row; false after the last. The columns below are valid until the next Step.
  Result<bool> Step();

  [[nodiscard]] std::int64_t Int(int column) const;
  [[nodiscard]] std::uint64_t Unsigned(int column) const;
  [[nodiscard]] double Real(int column) const;
  [[nodiscard]] std::string Text(int column) const;
  [[nodiscard]] std::string Blob(int column) const;

  // Values of the statement's parameters, in order, before the first Step. Text is copied.
  void Bind(int index, std::int64_t value);
  void Bind(int index, std::uint64_t value) { Bind(index, static_cast<std::int64_t>(value)); }
  void Bind(int index, double value);
  void Bind(int index, std::string_view value);
  void Bind(int index, ByteView value);

 private:
  sqlite3* database_;
  sqlite3_stmt* statement_;
};

class Database {
 public:
  // Opens the database file `path`, which must exist and not be empty.
  static Result<std::unique_ptr<Database>> Open(const std::string& path);
  // Makes `path`, which must not exist.
  static Result<std::unique_ptr<Database>> Create(const std::string& path);

  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  // Runs a script of statements without parameters and results.
  Result<void> Script(const char* sql);

  // Prepares `sql` (a literal; the first time only) and binds `values`.
  template <typename... Values>
  Result<Query> Prepare(const char* sql, const Values&... values) {
    auto query = PrepareOnce(sql);
    if (!query) return query;
    int index = 0;
    (query->Bind(++index, values), ...);
    return query;
  }

  // Prepares and runs a statement that returns no rows.
  template <typename... Values>
  Result<void> Run(const char* sql, const Values&... values) {
    auto query = Prepare(sql, values...);
    if (!query) return std::unexpected(std::move(query).error());
    return Finish(*query);
  }

  // The first column of the first row, or `otherwise` without a row.
  template <typename... Values>
  Result<std::int64_t> Number(std::int64_t otherwise, const char* sql, const Values&... values) {
    auto query = Prepare(sql, values...);
    if (!query) return std::unexpected(std::move(query).error());
    auto row = query->Step();
    if (!row) return std::unexpected(std::move(row).error());
    return *row ? query->Int(0) : otherwise;
  }

  [[nodiscard]] std::int64_t last_insert_id() const;

 private:
  static Result<std::unique_ptr<Database>> OpenWith(const std::string& path, int flags);
  explicit Database(sqlite3* handle) : handle_(handle) {}
  Result<Query> PrepareOnce(const char* sql);
  static Result<void> Finish(Query& query);

  sqlite3* handle_;
  std::map<std::string, sqlite3_stmt*, std::less<>> statements_;
};

// All or nothing: what was done is undone unless Commit succeeded. Not nested.
class Transaction {
 public:
  static Result<Transaction> Begin(Database& database);
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  // Makes everything since Begin durable. On failure it is undone.
  Result<void> Commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;  // null: nothing left to undo
};

}  // namespace strata::store
