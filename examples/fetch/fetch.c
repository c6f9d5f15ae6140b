// A wasi:http component that calls another server: GET http://TARGET<path> (environment variable
// TARGET, "host:port"; the path and query of the request it serves) and answers with that server's
// status and body.
//
// It needs the grant `http: ["<TARGET>"]`. What goes wrong with the call, a missing grant included,
// is answered 502 with a line that says what.

#include <stdbool.h>
#include <string.h>

#include "guest_http.h"

// The environment variable's value, or an empty string. The bytes stay with the caller.
static http_function_string_t Environment(const char* name) {
  http_function_list_tuple2_string_string_t variables;
  wasi_cli_environment_get_environment(&variables);
  for (size_t i = 0; i < variables.len; ++i) {
    const http_function_string_t key = variables.ptr[i].f0;
    if (key.len == strlen(name) && memcmp(key.ptr, name, key.len) == 0) {
      return variables.ptr[i].f1;
    }
  }
  return (http_function_string_t){NULL, 0};
}

static void AnswerText(HttpResponder responder, uint16_t status, const char* text) {
  HttpAnswer(responder, status, "text/plain", text, strlen(text));
}

// What the generated error code means to the reader of the answer.
static const char* Reason(wasi_http_types_error_code_t error) {
  switch (error.tag) {
    case WASI_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_DENIED:
      return "the call was denied: no grant for this host and port\n";
    case WASI_HTTP_TYPES_ERROR_CODE_CONNECTION_REFUSED:
      return "the connection was refused\n";
    case WASI_HTTP_TYPES_ERROR_CODE_CONNECTION_TIMEOUT:
    case WASI_HTTP_TYPES_ERROR_CODE_HTTP_RESPONSE_TIMEOUT:
      return "the other server did not answer in time\n";
    case WASI_HTTP_TYPES_ERROR_CODE_DNS_ERROR:
    case WASI_HTTP_TYPES_ERROR_CODE_DESTINATION_NOT_FOUND:
      return "the host was not found\n";
    default:
      return "the call failed\n";
  }
}

// Waits for the answer's head. False when there is none; *error then says why.
static bool WaitForResponse(wasi_http_types_own_future_incoming_response_t future,
                            wasi_http_types_own_incoming_response_t* response,
                            wasi_http_types_error_code_t* error) {
  const wasi_http_types_borrow_future_incoming_response_t pending =
      wasi_http_types_borrow_future_incoming_response(future);
  const wasi_io_poll_own_pollable_t ready =
      wasi_http_types_method_future_incoming_response_subscribe(pending);
  wasi_io_poll_method_pollable_block(wasi_io_poll_borrow_pollable(ready));
  wasi_io_poll_pollable_drop_own(ready);

  // The outer result fails only when it is asked for twice.
  wasi_http_types_result_result_own_incoming_response_error_code_void_t outcome;
  wasi_http_types_method_future_incoming_response_get(pending, &outcome);
  wasi_http_types_future_incoming_response_drop_own(future);
  if (outcome.val.ok.is_err) {
    *error = outcome.val.ok.val.err;
    return false;
  }
  *response = outcome.val.ok.val.ok;
  return true;
}

// Sends GET http://target<path> and waits for the answer's head.
static bool Get(http_function_string_t target, http_function_string_t path,
                wasi_http_types_own_incoming_response_t* response,
                wasi_http_types_error_code_t* error) {
  const wasi_http_types_own_outgoing_request_t request =
      wasi_http_types_constructor_outgoing_request(wasi_http_types_constructor_fields());
  const wasi_http_types_borrow_outgoing_request_t borrowed =
      wasi_http_types_borrow_outgoing_request(request);
  wasi_http_types_scheme_t http = {.tag = WASI_HTTP_TYPES_SCHEME_HTTP};
  wasi_http_types_method_outgoing_request_set_scheme(borrowed, &http);
  wasi_http_types_method_outgoing_request_set_authority(borrowed, &target);
  wasi_http_types_method_outgoing_request_set_path_with_query(borrowed, &path);

  wasi_http_outgoing_handler_own_future_incoming_response_t future;
  return wasi_http_outgoing_handler_handle(request, NULL, &future, error) &&
         WaitForResponse(future, response, error);
}

void HandleRequest(HttpRequest request, HttpResponder responder) {
  const http_function_string_t target = Environment("TARGET");
  if (target.len == 0) {
    AnswerText(responder, 500, "TARGET is not set\n");
    return;
  }
  http_function_string_t path = {(uint8_t*)"/", 1};
  wasi_http_types_method_incoming_request_path_with_query(
      wasi_http_types_borrow_incoming_request(request), &path);

  wasi_http_types_own_incoming_response_t response;
  wasi_http_types_error_code_t error;
  if (!Get(target, path, &response, &error)) {
    AnswerText(responder, 502, Reason(error));
    return;
  }

  const wasi_http_types_borrow_incoming_response_t answer =
      wasi_http_types_borrow_incoming_response(response);
  const uint16_t status = wasi_http_types_method_incoming_response_status(answer);
  wasi_http_types_own_incoming_body_t incoming;
  wasi_http_types_method_incoming_response_consume(answer, &incoming);
  const HttpBody body = HttpReadBody(incoming);
  HttpAnswer(responder, status, "application/octet-stream", body.data, body.len);
}
