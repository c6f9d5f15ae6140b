// What the C and C++ wasi:http examples share: read a request's body, send an answer.
//
// A thin layer over the generated bindings, for functions that read everything, then answer once. A
// function implements HandleRequest; guest_http.c implements the component's export with it.
//
// Lifetime: memory handed out comes from malloc and is never freed; a sandbox serves one call.
// Errors:   a stream that breaks means that the client or the host has gone: what was read counts
//           as the body, what was written as the answer. Running out of memory ends the guest.
#ifndef EXAMPLES_HTTP_C_GUEST_HTTP_H_
#define EXAMPLES_HTTP_C_GUEST_HTTP_H_

#include <stddef.h>
#include <stdint.h>

#include "http_function.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef exports_wasi_http_incoming_handler_own_incoming_request_t HttpRequest;
typedef exports_wasi_http_incoming_handler_own_response_outparam_t HttpResponder;

typedef struct {
  char* data;  // not zero-terminated
  size_t len;
} HttpBody;

// Implemented by the function. Must call HttpAnswer once; the request ends when it returns.
void HandleRequest(HttpRequest request, HttpResponder responder);

// Reads the request's body to its end. May be called once.
HttpBody HttpReadRequest(HttpRequest request);

// Reads any incoming body to its end and drops it.
HttpBody HttpReadBody(wasi_http_types_own_incoming_body_t incoming);

// Sends status, Content-Type, Content-Length and the body.
void HttpAnswer(HttpResponder responder, uint16_t status, const char* content_type,
                const char* body, size_t len);

#ifdef __cplusplus
}
#endif

#endif  // EXAMPLES_HTTP_C_GUEST_HTTP_H_
