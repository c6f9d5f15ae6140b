// A WASI command: CSV on stdin, SQL in the query parameter `q`, rows as JSON on stdout.
//
//   curl --data-binary @orders.csv 'HOST/csvsql?q=SELECT+country,MAX(price)+FROM+csv'
//   {"columns":["country","MAX(price)"],"rows":[["DE",12.5]]}
//
// The CSV becomes table `csv` of an SQLite database in memory. Only one reading statement is
// accepted. What is wrong with the input is told as JSON with status 400.

#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csv_table.h"
#include "json_text.h"

static int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The decoded value of one query parameter, zero-terminated; NULL when it is absent or malformed.
static char* QueryParameter(const char* query, const char* name) {
  const size_t name_len = strlen(name);
  while (query != NULL && (strncmp(query, name, name_len) != 0 || query[name_len] != '=')) {
    query = strchr(query, '&');
    if (query != NULL) ++query;
  }
  if (query == NULL) return NULL;

  Text value = {0};
  for (const char* at = query + name_len + 1; *at != '\0' && *at != '&'; ++at) {
    if (*at == '%') {
      const int high = HexDigit(at[1]);
      const int low = high < 0 ? -1 : HexDigit(at[2]);
      if (low < 0) return NULL;
      TextAppendChar(&value, (char)(high << 4 | low));
      at += 2;
    } else {
      TextAppendChar(&value, *at == '+' ? ' ' : *at);
    }
  }
  TextAppendChar(&value, '\0');
  return value.data;
}

static Text ReadAll(FILE* in) {
  Text all = {0};
  char chunk[1 << 14];
  for (size_t n; (n = fread(chunk, 1, sizeof(chunk), in)) > 0;) TextAppend(&all, chunk, n);
  return all;
}

static int Reject(const char* why) {
  Text body = {0};
  TextAppendString(&body, "{\"error\":");
  TextAppendJsonString(&body, why, strlen(why));
  TextAppendString(&body, "}\n");
  printf("Status: 400\r\nContent-Type: application/json\r\n\r\n");
  fwrite(body.data, 1, body.len, stdout);
  return EXIT_SUCCESS;
}

static void AppendValue(Text* out, sqlite3_stmt* row, int column) {
  switch (sqlite3_column_type(row, column)) {
    case SQLITE_NULL:
      TextAppendString(out, "null");
      break;
    case SQLITE_INTEGER:
    case SQLITE_FLOAT:
      // SQLite prints both as JSON numbers, but for infinities, which JSON does not have.
      if (strstr((const char*)sqlite3_column_text(row, column), "Inf") != NULL) {
        TextAppendString(out, "null");
      } else {
        TextAppendString(out, (const char*)sqlite3_column_text(row, column));
      }
      break;
    default: {
      const char* text = (const char*)sqlite3_column_text(row, column);
      TextAppendJsonString(out, text, (size_t)sqlite3_column_bytes(row, column));
    }
  }
}

// Runs the statement and appends the answer. Returns SQLITE_DONE or SQLite's error.
static int AppendRows(Text* out, sqlite3_stmt* query) {
  const int columns = sqlite3_column_count(query);
  TextAppendString(out, "{\"columns\":[");
  for (int i = 0; i < columns; ++i) {
    if (i > 0) TextAppendChar(out, ',');
    const char* name = sqlite3_column_name(query, i);
    TextAppendJsonString(out, name, strlen(name));
  }
  TextAppendString(out, "],\"rows\":[");
  int rc;
  for (bool first = true; (rc = sqlite3_step(query)) == SQLITE_ROW; first = false) {
    TextAppendString(out, first ? "[" : ",[");
    for (int i = 0; i < columns; ++i) {
      if (i > 0) TextAppendChar(out, ',');
      AppendValue(out, query, i);
    }
    TextAppendChar(out, ']');
  }
  TextAppendString(out, "]}\n");
  return rc;
}

int main(void) {
  const char* sql = QueryParameter(getenv("QUERY_STRING"), "q");
  if (sql == NULL) return Reject("give the SQL as query parameter q, percent-encoded");

  sqlite3* db = NULL;
  if (sqlite3_open(":memory:", &db) != SQLITE_OK) return Reject("out of memory");
  const Text csv = ReadAll(stdin);
  char error[kMaxErrorBytes];
  if (LoadCsv(db, csv.data, csv.len, error) != 0) return Reject(error);

  sqlite3_stmt* query = NULL;
  const char* rest = "";
  if (sqlite3_prepare_v2(db, sql, -1, &query, &rest) != SQLITE_OK) {
    return Reject(sqlite3_errmsg(db));
  }
  if (query == NULL || !sqlite3_stmt_readonly(query) || rest[strspn(rest, " \t\r\n;")] != '\0') {
    return Reject("one statement that only reads is allowed");
  }
  Text out = {0};
  if (AppendRows(&out, query) != SQLITE_DONE) return Reject(sqlite3_errmsg(db));
  printf("Content-Type: application/json\r\n\r\n");
  fwrite(out.data, 1, out.len, stdout);
  return EXIT_SUCCESS;
}
