#include "store/sqlite.h"

#include <cerrno>
#include <utility>

#include <sqlite3.h>

namespace strata::store {
namespace {

constexpr int kBusyTimeoutMs = 2000;

// SQLite says SQLITE_FULL for ENOSPC only. A quota or a file size limit is a plain I/O error to it,
// and it forgets which: `system_error` is what the thread's errno held right after the call.
bool IsDiskFull(int code, int system_error) {
  return code == SQLITE_FULL ||
         (code == SQLITE_IOERR &&
          (system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG));
}

std::unexpected<Error> FailSqlite(sqlite3* handle, const std::string& what, int system_error = 0) {
  const int code = sqlite3_errcode(handle) & 0xff;
  const std::string message = what + ": " + sqlite3_errmsg(handle);
  if (IsDiskFull(code, system_error)) {
    return Fail(Errc::kResourceExhausted, message + "; free some disk space");
  }
  switch (code) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Fail(Errc::kUnavailable, message);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Fail(Errc::kFailedPrecondition, message);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return Fail(Errc::kPermissionDenied, message);
    default:
      return Fail(Errc::kInternal, message);
  }
}

}  // namespace

Query::Query(Query&& other) noexcept
    : database_(other.database_), statement_(std::exchange(other.statement_, nullptr)) {}

Query::~Query() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);  // repeats the error of the last Step, which was reported there
  sqlite3_clear_bindings(statement_);
}

Result<bool> Query::Step() {
  errno = 0;
  const int code = sqlite3_step(statement_);
  const int system_error = errno;
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return FailSqlite(database_, "state database", system_error);
}

std::int64_t Query::Int(int column) const { return sqlite3_column_int64(statement_, column); }

std::uint64_t Query::Unsigned(int column) const { return static_cast<std::uint64_t>(Int(column)); }

double Query::Real(int column) const { return sqlite3_column_double(statement_, column); }

std::string Query::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  const int size = sqlite3_column_bytes(statement_, column);
  return text == nullptr ? std::string() : std::string(text, static_cast<std::size_t>(size));
}

std::string Query::Blob(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  const int size = sqlite3_column_bytes(statement_, column);
  return bytes == nullptr ? std::string() : std::string(bytes, static_cast<std::size_t>(size));
}

// Binding fails only for a wrong index or without memory; both show as a failing Step.
void Query::Bind(int index, std::int64_t value) { sqlite3_bind_int64(statement_, index, value); }

void Query::Bind(int index, double value) { sqlite3_bind_double(statement_, index, value); }

void Query::Bind(int index, std::string_view value) {
  // A null pointer would bind NULL instead of the empty text.
  const char* text = value.data() == nullptr ? "" : value.data();
  sqlite3_bind_text64(statement_, index, text, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

void Query::Bind(int index, ByteView value) {
  // A null pointer would bind NULL instead of no bytes.
  const void* bytes = value.data() == nullptr ? static_cast<const void*>("") : value.data();
  sqlite3_bind_blob64(statement_, index, bytes, value.size(), SQLITE_TRANSIENT);
}

Result<std::unique_ptr<Database>> Database::OpenWith(const std::string& path, int flags) {
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  // There is a handle to be closed even when opening failed.
  std::unique_ptr<Database> database(new Database(handle));
  if (code != SQLITE_OK) return FailSqlite(handle, "open " + path);
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  // A damaged file must not make SQLite run what it finds in the schema.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  return database;
}

Result<std::unique_ptr<Database>> Database::Open(const std::string& path) {
  return OpenWith(path, SQLITE_OPEN_READWRITE);
}

Result<std::unique_ptr<Database>> Database::Create(const std::string& path) {
  return OpenWith(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
}

Database::~Database() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

Result<void> Database::Script(const char* sql) {
  if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
    return FailSqlite(handle_, "state database");
  }
  return {};
}

Result<Query> Database::PrepareOnce(const char* sql) {
  auto found = statements_.find(std::string_view(sql));
  if (found == statements_.end()) {
    sqlite3_stmt* statement = nullptr;
    const int code =
        sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) return FailSqlite(handle_, "state database");
    found = statements_.emplace(sql, statement).first;
  }
  return Query(handle_, found->second);
}

Result<void> Database::Finish(Query& query) {
  auto row = query.Step();
  if (!row) return std::unexpected(std::move(row).error());
  return {};
}

std::int64_t Database::last_insert_id() const { return sqlite3_last_insert_rowid(handle_); }

Result<Transaction> Transaction::Begin(Database& database) {
  // IMMEDIATE takes the write lock now: a transaction that has begun cannot fail for a lock later.
  if (auto begun = database.Run("BEGIN IMMEDIATE"); !begun) {
    return std::unexpected(std::move(begun).error());
  }
  return Transaction(database);
}

Transaction::Transaction(Transaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)) {}

Transaction::~Transaction() {
  if (database_ == nullptr) return;
  // Fails when SQLite already rolled back by itself (disk full): then there is nothing to undo.
  if (auto undone = database_->Run("ROLLBACK"); !undone) return;
}

Result<void> Transaction::Commit() {
  auto done = database_->Run("COMMIT");
  if (done) database_ = nullptr;
  return done;
}

}  // namespace strata::store
