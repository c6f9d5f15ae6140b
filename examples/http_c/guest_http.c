#include "guest_http.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { kReadChunkBytes = 1 << 16 };

// The bindings refer to this symbol to pull in an object file with the world's type. Here the type
// is embedded after linking (tools/componentize.mjs), so that no binary is kept in the tree.
void __component_type_object_force_link_http_function(void) {}

// The component's export.
void exports_wasi_http_incoming_handler_handle(HttpRequest request, HttpResponder responder) {
  HandleRequest(request, responder);
  wasi_http_types_incoming_request_drop_own(request);
}

HttpBody HttpReadBody(wasi_http_types_own_incoming_body_t incoming) {
  HttpBody body = {NULL, 0};
  size_t cap = 0;
  wasi_http_types_own_input_stream_t stream;
  wasi_http_types_method_incoming_body_stream(wasi_http_types_borrow_incoming_body(incoming),
                                              &stream);
  http_function_list_u8_t chunk;
  wasi_io_streams_stream_error_t end;
  while (wasi_io_streams_method_input_stream_blocking_read(
      wasi_io_streams_borrow_input_stream(stream), kReadChunkBytes, &chunk, &end)) {
    if (cap - body.len < chunk.len) {
      cap = 2 * cap + chunk.len;
      char* larger = realloc(body.data, cap);
      if (larger == NULL) abort();
      body.data = larger;
    }
    if (chunk.len > 0) memcpy(body.data + body.len, chunk.ptr, chunk.len);
    body.len += chunk.len;
    http_function_list_u8_free(&chunk);
  }
  wasi_io_streams_stream_error_free(&end);
  wasi_io_streams_input_stream_drop_own(stream);
  wasi_http_types_incoming_body_drop_own(incoming);
  return body;
}

HttpBody HttpReadRequest(HttpRequest request) {
  wasi_http_types_own_incoming_body_t incoming;
  wasi_http_types_method_incoming_request_consume(wasi_http_types_borrow_incoming_request(request),
                                                  &incoming);
  return HttpReadBody(incoming);
}

static void AppendField(wasi_http_types_own_fields_t fields, const char* name, const char* value) {
  wasi_http_types_field_name_t key = {(uint8_t*)name, strlen(name)};
  wasi_http_types_field_value_t content = {(uint8_t*)value, strlen(value)};
  wasi_http_types_header_error_t error;
  wasi_http_types_method_fields_append(wasi_http_types_borrow_fields(fields), &key, &content,
                                       &error);
}

// Decimal digits of value; printf would pull in a file system.
static const char* Decimal(size_t value, char digits[24]) {
  char* at = digits + 23;
  *at = '\0';
  do *--at = (char)('0' + value % 10);
  while ((value /= 10) > 0);
  return at;
}

// Writes as much as the host takes at a time, without waiting for it to be sent.
static void WriteAll(wasi_io_streams_borrow_output_stream_t stream, const char* data, size_t len) {
  wasi_io_streams_stream_error_t error;
  uint64_t room;
  while (len > 0 && wasi_io_streams_method_output_stream_check_write(stream, &room, &error)) {
    if (room == 0) {
      const wasi_io_poll_own_pollable_t writable =
          wasi_io_streams_method_output_stream_subscribe(stream);
      wasi_io_poll_method_pollable_block(wasi_io_poll_borrow_pollable(writable));
      wasi_io_poll_pollable_drop_own(writable);
      continue;
    }
    http_function_list_u8_t part = {(uint8_t*)data, room < len ? (size_t)room : len};
    if (!wasi_io_streams_method_output_stream_write(stream, &part, &error)) return;
    data += part.len;
    len -= part.len;
  }
}

void HttpAnswer(HttpResponder responder, uint16_t status, const char* content_type,
                const char* body, size_t len) {
  const wasi_http_types_own_fields_t fields = wasi_http_types_constructor_fields();
  char digits[24];
  AppendField(fields, "content-type", content_type);
  AppendField(fields, "content-length", Decimal(len, digits));

  wasi_http_types_result_own_outgoing_response_error_code_t answer = {.is_err = false};
  answer.val.ok = wasi_http_types_constructor_outgoing_response(fields);
  const wasi_http_types_borrow_outgoing_response_t response =
      wasi_http_types_borrow_outgoing_response(answer.val.ok);
  wasi_http_types_method_outgoing_response_set_status_code(response, status);
  wasi_http_types_own_outgoing_body_t outgoing;
  wasi_http_types_method_outgoing_response_body(response, &outgoing);

  // The head goes first: the host consumes the body only behind it.
  wasi_http_types_static_response_outparam_set(responder, &answer);
  wasi_http_types_own_output_stream_t stream;
  wasi_http_types_method_outgoing_body_write(wasi_http_types_borrow_outgoing_body(outgoing),
                                             &stream);
  WriteAll(wasi_io_streams_borrow_output_stream(stream), body, len);
  wasi_io_streams_output_stream_drop_own(stream);  // before finish: a child of the body
  wasi_http_types_error_code_t error;
  wasi_http_types_static_outgoing_body_finish(outgoing, NULL, &error);
}
