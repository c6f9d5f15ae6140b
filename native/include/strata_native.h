/* strata_native.h - Wasmtime behind poll-style C functions: the engine of sandbox/wasm.
 *
 *   compile role:  strata_compile (bytes -> native code)
 *   host role:     engine -> image (native code, mapped) -> sandbox (one store) -> call (one
 * future)
 *
 * Every guest kind goes through here: wasi:http 0.2 components, WASI commands (preview 1 modules
 * and 0.2 components), bare modules. A call is a future that the caller polls on its own loop; it
 * runs on a fiber and returns STRATA_CALL_PENDING at every epoch tick and whenever it waits for the
 * host.
 *
 * Threads:  strata_compile may use threads and runs in a process of its own. Everything else: one
 *           thread, no thread is ever started. strata_engine_tick is async-signal-safe.
 * Lifetime: a sandbox keeps its image alive and an image its engine. Delete a call before its
 * sandbox. Errors:   NULL or non-zero, and *error holds a message to be freed with
 * strata_string_free. Panics are caught and become an error (or an exit of kind
 * STRATA_EXIT_INTERNAL). Sizes are bytes. Borrowed pointers are valid during the call only.
 */
#ifndef STRATA_NATIVE_H_
#define STRATA_NATIVE_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct strata_engine strata_engine;
typedef struct strata_image strata_image;
typedef struct strata_sandbox strata_sandbox;
typedef struct strata_call strata_call;

void strata_string_free(char* text);

/* ---- engine ---------------------------------------------------------------------------------- */

typedef struct {
  uint32_t max_sandboxes; /* live core instances, memories, tables and stacks in the pool */
  uint64_t max_memory;    /* largest linear memory that a sandbox may be limited to */
  uint64_t
      memory_reservation; /* address space of one memory; 4 GiB lets compiled code skip bounds
                             checks, less packs more live sandboxes. Compiled code depends on it */
  uint32_t max_table_elements;
  uint64_t keep_resident; /* bytes of a memory cleared by hand instead of unmapped between uses */
  bool pooling;           /* false in the compile role: nothing is reserved */
} strata_engine_config;

strata_engine* strata_engine_new(const strata_engine_config* config, char** error);
void strata_engine_delete(strata_engine* engine);

/* Advances the epoch by one: running guests yield at their next loop head. Call it every 1 ms. */
void strata_engine_tick(const strata_engine* engine);

/* Runs guests' timers and tasks that are due; their calls are woken. Call it every 1 ms while a
 * call is pending (guest timers have that resolution). Returns quickly when nothing is due. */
void strata_engine_turn(strata_engine* engine);

/* What compiled code must match: engine version, settings and CPU features, as 16 hex digits. */
char* strata_engine_key(const strata_engine* engine);

/* ---- compile --------------------------------------------------------------------------------- */

/* Compiles a core module or a component (binary, or text when it starts with '(') . On success *out
 * holds *out_len bytes to be freed with strata_bytes_free. Limits of time and memory are the
 * process's. Also refused here, with a message for the deployer: imports that no host of ours
 * provides, a component that exports neither wasi:http/incoming-handler nor wasi:cli/run, a
 * declared initial memory above max_memory. */
int strata_compile(const strata_engine* engine, const uint8_t* wasm, size_t wasm_len, uint8_t** out,
                   size_t* out_len, char** error);
void strata_bytes_free(uint8_t* bytes, size_t len);

/* ---- image ----------------------------------------------------------------------------------- */

enum { STRATA_KIND_HTTP = 1, STRATA_KIND_COMMAND = 2, STRATA_KIND_MODULE = 3 };

/* Maps native code that strata_compile made, from a sealed memfd or a verified file. The descriptor
 * is borrowed. LOADING UNVERIFIED BYTES IS EXECUTING THEM: the caller vouches for the descriptor.
 */
strata_image* strata_image_load(strata_engine* engine, int fd, char** error);
void strata_image_delete(strata_image* image);
int strata_image_kind(const strata_image* image);
/* JSON: [{"name":"add","params":["i32","i32"],"results":["i32"]}], functions of a bare module only.
 */
char* strata_image_exports(const strata_image* image);

/* ---- sandbox --------------------------------------------------------------------------------- */

typedef struct {
  const char* data;
  size_t len;
} strata_str;
typedef struct {
  strata_str name;
  strata_str value;
} strata_pair;

typedef struct {
  strata_str host_path; /* opened when the sandbox is made */
  strata_str guest_path;
  bool writable;
} strata_dir;

typedef struct {
  uint64_t memory; /* bytes, all linear memories together */
  uint32_t table_elements;
  uint32_t host_calls;      /* outstanding outgoing requests */
  uint64_t cpu_clock_start; /* reserved, 0 */
  const strata_pair* env;
  size_t env_len;
  const strata_dir* dirs;
  size_t dirs_len;
} strata_sandbox_config;

/* A fresh store. The guest is instantiated by the first call, so this cannot run guest code. */
strata_sandbox* strata_sandbox_new(strata_image* image, const strata_sandbox_config* config,
                                   char** error);
void strata_sandbox_delete(strata_sandbox* sandbox);
uint64_t strata_sandbox_memory_peak(const strata_sandbox* sandbox);

/* ---- call ------------------------------------------------------------------------------------ */

#define STRATA_IO_END 0      /* body_read, outgoing_read: no more bytes */
#define STRATA_IO_PENDING -1 /* nothing now; poll the call again when there is */
#define STRATA_IO_FAILED -2  /* peer gone, over a limit, refused */

/* What a call asks of its host. Functions never block and never call back into this library, except
 * that `wake` may be called from inside strata_call_poll. */
typedef struct {
  void* ctx;
  /* The call wants to be polled again. May come several times. */
  void (*wake)(void* ctx);
  /* Request body: > 0 bytes copied, or STRATA_IO_*. */
  int64_t (*body_read)(void* ctx, uint8_t* to, size_t cap);
  /* Response head, once, before any body byte. 0 or STRATA_IO_FAILED. */
  int64_t (*respond)(void* ctx, uint16_t status, const strata_pair* headers, size_t headers_len);
  /* Response body: > 0 bytes taken, or STRATA_IO_PENDING / _FAILED. */
  int64_t (*body_write)(void* ctx, const uint8_t* from, size_t len);
  /* Guest output: stream 1 = stdout (http and module kinds; a command's stdout is its response),
     2 = stderr. Whole lines without their newline, but for strata_call_command. */
  void (*log)(void* ctx, int stream, const uint8_t* text, size_t len);
  /* Outgoing HTTP. start: returns a handle > 0, or 0 when denied (no grant) or out of slots. */
  int64_t (*outgoing_start)(void* ctx, strata_str scheme, strata_str authority, strata_str method,
                            strata_str path_with_query, const strata_pair* headers,
                            size_t headers_len);
  int64_t (*outgoing_write)(void* ctx, int64_t handle, const uint8_t* from, size_t len);
  void (*outgoing_end)(void* ctx, int64_t handle); /* the request's body is complete */
  /* Response head: 1 = *status is set and `each` was called for every field; or STRATA_IO_*. */
  int64_t (*outgoing_head)(void* ctx, int64_t handle, uint16_t* status, void* each_ctx,
                           void (*each)(void* each_ctx, strata_str name, strata_str value));
  int64_t (*outgoing_read)(void* ctx, int64_t handle, uint8_t* to, size_t cap);
  void (*outgoing_delete)(void* ctx, int64_t handle);
} strata_host;

typedef struct {
  strata_str method, scheme, authority, path_with_query;
  const strata_pair* headers;
  size_t headers_len;
  bool has_content_length;
  uint64_t content_length;
} strata_request;

/* Starts one request (copied). http: wasi:http/incoming-handler. command: CGI-like environment
 * (REQUEST_METHOD, SCRIPT_NAME, PATH_INFO, QUERY_STRING, CONTENT_LENGTH, CONTENT_TYPE, HTTP_*),
 * body on stdin, stdout is the response body (200, text/plain; or, when stdout starts with CGI
 * header lines "Status: 404\r\n" / "Content-Type: ...\r\n" and an empty line, those); exit status
 * != 0 before any output is a 500. module: exports `memory`, `strata_alloc(i32)->i32` and
 * `strata_handle(ptr i32, len i32)->i64` (ptr << 32 | len of the response body);
 * application/octet-stream unless it exports the i32 global `strata_text` (text/plain). `host` is
 * copied; its ctx must outlive the call. */
strata_call* strata_call_http(strata_sandbox* sandbox, const strata_request* request,
                              const strata_host* host, char** error);

/* Runs a command as a program: its arguments, with its own name as the first, are `args` (copied);
 * its variables are the sandbox's and no others. body_read is its standard input, body_write its
 * standard output from the first byte, `respond` is not called; log has what it writes to standard
 * error, as it writes it. Fails when this is no command, or an argument holds a NUL byte or is not
 * UTF-8: *error starts with "invalid: ". `host` is copied; its ctx must outlive the call. */
strata_call* strata_call_command(strata_sandbox* sandbox, const strata_str* args, size_t args_len,
                                 const strata_host* host, char** error);

typedef struct {
  uint8_t type; /* 0 i32, 1 i64, 2 f32, 3 f64 */
  union {
    int32_t i32;
    int64_t i64;
    float f32;
    double f64;
  } of;
} strata_value;

/* Starts a call of a bare module's export. Fails when the name or the types do not fit: *error
 * starts with "not found: " or "invalid: ". */
strata_call* strata_call_export(strata_sandbox* sandbox, strata_str name, const strata_value* args,
                                size_t args_len, const strata_host* host, char** error);

#define STRATA_CALL_PENDING 0
#define STRATA_CALL_DONE 1

enum {
  STRATA_EXIT_RETURNED = 0, /* status: a command's exit status, else 0 */
  STRATA_EXIT_TRAP = 1,     /* detail: the trap and the guest's backtrace, cut */
  STRATA_EXIT_MEMORY =
      2,                /* a growth beyond the memory limit was refused, and the guest died of it */
  STRATA_EXIT_HOST = 3, /* a host function returned FAILED and the guest died of it */
  STRATA_EXIT_INTERNAL = 4,  /* the engine or this layer broke */
  STRATA_EXIT_EXHAUSTED = 5, /* no free slot in the pool */
  STRATA_EXIT_STACK = 6,     /* the guest's stack overflowed */
  STRATA_EXIT_TABLE = 7 /* a table growth beyond the limit was refused, and the guest died of it */
};

typedef struct {
  int32_t reason;
  int32_t status;
  char detail[512];          /* zero-terminated UTF-8 */
  uint64_t instantiate_done; /* 1 once the guest was instantiated (for Server-Timing) */
} strata_exit;

/* Runs the call until it is done or has to wait. *exit is filled when it returns STRATA_CALL_DONE.
 */
int strata_call_poll(strata_call* call, strata_exit* exit);
/* True once the guest is instantiated: the caller reads its clock at the first poll that says so.
 */
bool strata_call_instantiated(const strata_call* call);
/* Results of strata_call_export after STRATA_CALL_DONE with STRATA_EXIT_RETURNED. */
size_t strata_call_results(const strata_call* call, strata_value* out, size_t cap);
/* Ends the call wherever it is: the guest's stack is unwound, no guest code runs any more. The
 * sandbox cannot be called again unless the call had returned. */
void strata_call_delete(strata_call* call);

#ifdef __cplusplus
}
#endif
#endif /* STRATA_NATIVE_H_ */
