#include "csv_table.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_text.h"

typedef struct {
  const char* at;
  const char* end;
  int line;    // of the record being read, for messages
  Text field;  // the last field, unquoted; reused
} Reader;

typedef enum { kFieldEndsField, kFieldEndsRecord, kFieldBroken } FieldEnd;

static void SkipLineEnd(Reader* reader) {
  if (reader->at < reader->end && *reader->at == '\r') ++reader->at;
  if (reader->at < reader->end && *reader->at == '\n') ++reader->at;
  ++reader->line;
}

// Copies a quoted field's content; `at` is behind the opening quote. False when it never closes.
static bool ReadQuoted(Reader* reader) {
  while (reader->at < reader->end) {
    const char c = *reader->at++;
    if (c == '"') {
      if (reader->at == reader->end || *reader->at != '"') return true;
      ++reader->at;
    } else if (c == '\n') {
      ++reader->line;
    }
    TextAppendChar(&reader->field, c);
  }
  return false;
}

static FieldEnd ReadField(Reader* reader) {
  reader->field.len = 0;
  if (reader->at < reader->end && *reader->at == '"') {
    ++reader->at;
    if (!ReadQuoted(reader)) return kFieldBroken;
  }
  while (reader->at < reader->end) {
    const char c = *reader->at;
    if (c == ',') {
      ++reader->at;
      return kFieldEndsField;
    }
    if (c == '\n' || c == '\r') break;
    TextAppendChar(&reader->field, c);
    ++reader->at;
  }
  SkipLineEnd(reader);
  return kFieldEndsRecord;
}

static int Fail(char error[kMaxErrorBytes], int line, const char* what) {
  snprintf(error, kMaxErrorBytes, "CSV line %d: %s", line, what);
  return -1;
}

// Quotes a column name for SQL. NUMERIC affinity turns "12" and "1.5" into numbers.
static void AppendColumn(Text* sql, const char* name, size_t len) {
  TextAppendChar(sql, '"');
  for (size_t i = 0; i < len; ++i) {
    if (name[i] == '"') TextAppendChar(sql, '"');
    TextAppendChar(sql, name[i]);
  }
  TextAppendString(sql, "\" NUMERIC");
}

// Reads the header and creates the table. Returns the number of columns or -1.
static int CreateTable(sqlite3* db, Reader* reader, char error[kMaxErrorBytes]) {
  Text sql = {0};
  TextAppendString(&sql, "CREATE TABLE csv(");
  int columns = 0;
  for (FieldEnd end = kFieldEndsField; end == kFieldEndsField;) {
    end = ReadField(reader);
    if (end == kFieldBroken) return Fail(error, reader->line, "a quote never closes");
    if (++columns > kMaxColumns) return Fail(error, 1, "more than 256 columns");
    if (columns > 1) TextAppendChar(&sql, ',');
    AppendColumn(&sql, reader->field.data, reader->field.len);
  }
  TextAppend(&sql, ")", sizeof(")"));
  const int rc = sqlite3_exec(db, sql.data, NULL, NULL, NULL);
  free(sql.data);
  return rc == SQLITE_OK ? columns : Fail(error, 1, sqlite3_errmsg(db));
}

static sqlite3_stmt* PrepareInsert(sqlite3* db, int columns) {
  Text sql = {0};
  TextAppendString(&sql, "INSERT INTO csv VALUES(?");
  for (int i = 1; i < columns; ++i) TextAppendString(&sql, ",?");
  TextAppend(&sql, ")", sizeof(")"));
  sqlite3_stmt* insert = NULL;
  sqlite3_prepare_v2(db, sql.data, -1, &insert, NULL);
  free(sql.data);
  return insert;
}

// Reads one record into the statement's parameters.
static int BindRecord(sqlite3_stmt* insert, Reader* reader, int columns,
                      char error[kMaxErrorBytes]) {
  const int line = reader->line;
  sqlite3_clear_bindings(insert);
  int column = 0;
  for (FieldEnd end = kFieldEndsField; end == kFieldEndsField;) {
    end = ReadField(reader);
    if (end == kFieldBroken) return Fail(error, line, "a quote never closes");
    if (++column > columns) return Fail(error, line, "more fields than the header names");
    if (reader->field.len > 0) {
      sqlite3_bind_text(insert, column, reader->field.data, (int)reader->field.len,
                        SQLITE_TRANSIENT);
    }
  }
  return 0;
}

int LoadCsv(sqlite3* db, const char* csv, size_t len, char error[kMaxErrorBytes]) {
  Reader reader = {.at = csv, .end = csv + len, .line = 1};
  if (len == 0) return Fail(error, 1, "no header");
  const int columns = CreateTable(db, &reader, error);
  if (columns < 0) return -1;

  sqlite3_stmt* insert = PrepareInsert(db, columns);
  sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
  int failed = insert == NULL ? Fail(error, 1, sqlite3_errmsg(db)) : 0;
  while (failed == 0 && reader.at < reader.end) {
    if (*reader.at == '\r' || *reader.at == '\n') {  // an empty line is no record
      SkipLineEnd(&reader);
      continue;
    }
    const int line = reader.line;
    failed = BindRecord(insert, &reader, columns, error);
    if (failed == 0 && sqlite3_step(insert) != SQLITE_DONE) {
      failed = Fail(error, line, sqlite3_errmsg(db));
    }
    sqlite3_reset(insert);
  }
  sqlite3_finalize(insert);
  sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
  free(reader.field.data);
  return failed;
}
