// Answers every request with "hello, world\n": the wasi:http component that the benchmarks call.
//
// It links no file, clock or environment code, so the component is one core module and needs no
// WASI adapter.

#include "guest_http.h"

void HandleRequest(HttpRequest request, HttpResponder responder) {
  (void)request;
  static const char kHello[] = "hello, world\n";
  HttpAnswer(responder, 200, "text/plain", kHello, sizeof(kHello) - 1);
}
