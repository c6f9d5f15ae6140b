// Loads CSV (RFC 4180: quoted fields, doubled quotes, CRLF or LF) into an SQLite table.
#ifndef CSVSQL_CSV_TABLE_H_
#define CSVSQL_CSV_TABLE_H_

#include <sqlite3.h>
#include <stddef.h>

enum { kMaxColumns = 256, kMaxErrorBytes = 256 };

// Creates table `csv` from CSV text. The first record names the columns; a field that looks like a
// number is stored as one, an empty field as NULL. Short records are filled with NULL.
// Returns 0, or -1 with a message in error.
int LoadCsv(sqlite3* db, const char* csv, size_t len, char error[kMaxErrorBytes]);

#endif  // CSVSQL_CSV_TABLE_H_
