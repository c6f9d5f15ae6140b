// A growing byte buffer and the few JSON writers that csvsql needs.
//
// Running out of memory ends the program: a sandbox serves one request and has nothing to save.
#ifndef CSVSQL_JSON_TEXT_H_
#define CSVSQL_JSON_TEXT_H_

#include <stddef.h>

typedef struct {
  char* data;  // not zero-terminated
  size_t len;
  size_t cap;
} Text;

void TextAppend(Text* text, const char* data, size_t len);
void TextAppendString(Text* text, const char* zero_terminated);
void TextAppendChar(Text* text, char c);

// Appends a quoted JSON string. Input is UTF-8 and is copied as it is, but for what JSON escapes.
void TextAppendJsonString(Text* text, const char* data, size_t len);

#endif  // CSVSQL_JSON_TEXT_H_
