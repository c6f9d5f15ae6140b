#include "json_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void TextAppend(Text* text, const char* data, size_t len) {
  if (len == 0) return;
  if (text->cap - text->len < len) {
    size_t cap = text->cap == 0 ? 1024 : text->cap;
    while (cap - text->len < len) cap *= 2;
    char* larger = realloc(text->data, cap);
    if (larger == NULL) abort();
    text->data = larger;
    text->cap = cap;
  }
  memcpy(text->data + text->len, data, len);
  text->len += len;
}

void TextAppendString(Text* text, const char* zero_terminated) {
  TextAppend(text, zero_terminated, strlen(zero_terminated));
}

void TextAppendChar(Text* text, char c) { TextAppend(text, &c, 1); }

void TextAppendJsonString(Text* text, const char* data, size_t len) {
  TextAppendChar(text, '"');
  for (size_t i = 0; i < len; ++i) {
    const unsigned char c = (unsigned char)data[i];
    if (c == '"' || c == '\\') {
      const char escaped[2] = {'\\', (char)c};
      TextAppend(text, escaped, 2);
    } else if (c < 0x20) {
      char escaped[8];
      TextAppend(text, escaped, (size_t)snprintf(escaped, sizeof(escaped), "\\u%04x", c));
    } else {
      TextAppendChar(text, (char)c);
    }
  }
  TextAppendChar(text, '"');
}
