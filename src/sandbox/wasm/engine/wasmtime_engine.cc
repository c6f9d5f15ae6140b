#include "sandbox/wasm/engine/wasmtime_engine.h"

#include <array>
#include <cstring>
#include <string>
#include <utility>

#include "base/text/json.h"
#include "strata_native.h"

namespace strata::sandbox::wasm {
namespace {

// Owns one object of the C library.
template <typename T, void (*kDelete)(T*)>
struct Deleter {
  void operator()(T* object) const noexcept { kDelete(object); }
};
using NativeEngine = std::unique_ptr<strata_engine, Deleter<strata_engine, strata_engine_delete>>;
using NativeImage = std::unique_ptr<strata_image, Deleter<strata_image, strata_image_delete>>;
using NativeSandbox =
    std::unique_ptr<strata_sandbox, Deleter<strata_sandbox, strata_sandbox_delete>>;
using NativeCall = std::unique_ptr<strata_call, Deleter<strata_call, strata_call_delete>>;
using NativeString = std::unique_ptr<char, Deleter<char, strata_string_free>>;

std::string TakeString(char* text) {
  const NativeString owned(text);
  return owned ? std::string(owned.get()) : std::string();
}

strata_str ToStr(std::string_view text) { return {text.data(), text.size()}; }
std::string_view FromStr(strata_str text) {
  return text.len == 0 ? std::string_view() : std::string_view(text.data, text.len);
}

std::vector<strata_pair> ToPairs(std::span<const http::Header> headers) {
  std::vector<strata_pair> pairs;
  pairs.reserve(headers.size());
  for (const auto& [name, value] : headers) pairs.push_back({ToStr(name), ToStr(value)});
  return pairs;
}

std::vector<http::Header> FromPairs(const strata_pair* pairs, std::size_t count) {
  std::vector<http::Header> headers;
  headers.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    headers.push_back({FromStr(pairs[i].name), FromStr(pairs[i].value)});
  }
  return headers;
}

// ---- the host functions: from C to GuestHost ---------------------------------------------------

GuestHost& Host(void* ctx) { return *static_cast<GuestHost*>(ctx); }

void HostWake(void* ctx) { Host(ctx).Wake(); }

int64_t HostBodyRead(void* ctx, uint8_t* to, size_t cap) {
  return Host(ctx).BodyRead(std::as_writable_bytes(std::span(to, cap))).raw();
}

int64_t HostRespond(void* ctx, uint16_t status, const strata_pair* headers, size_t count) {
  http::ResponseHead head;
  head.status = status;
  head.headers.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    head.headers.emplace_back(FromStr(headers[i].name), FromStr(headers[i].value));
  }
  return Host(ctx).Respond(std::move(head)) ? 0 : STRATA_IO_FAILED;
}

int64_t HostBodyWrite(void* ctx, const uint8_t* from, size_t len) {
  return Host(ctx).BodyWrite(std::as_bytes(std::span(from, len))).raw();
}

void HostLog(void* ctx, int stream, const uint8_t* text, size_t len) {
  const std::string_view view(reinterpret_cast<const char*>(text), len);
  Host(ctx).Log(stream == 1 ? Stream::kStdout : Stream::kStderr, view);
}

int64_t HostOutgoingStart(void* ctx, strata_str scheme, strata_str authority, strata_str method,
                          strata_str path_with_query, const strata_pair* headers, size_t count) {
  const auto fields = FromPairs(headers, count);
  return Host(ctx).OutgoingStart(
      {FromStr(scheme), FromStr(authority), FromStr(method), FromStr(path_with_query), fields});
}

int64_t HostOutgoingWrite(void* ctx, int64_t handle, const uint8_t* from, size_t len) {
  return Host(ctx).OutgoingWrite(handle, std::as_bytes(std::span(from, len))).raw();
}

void HostOutgoingEnd(void* ctx, int64_t handle) { Host(ctx).OutgoingEnd(handle); }

int64_t HostOutgoingHead(void* ctx, int64_t handle, uint16_t* status, void* each_ctx,
                         void (*each)(void*, strata_str, strata_str)) {
  http::ResponseHead head;
  const Io got = Host(ctx).OutgoingResponse(handle, head);
  if (got == Io::Some(1)) {
    *status = head.status;
    for (const auto& [name, value] : head.headers) each(each_ctx, ToStr(name), ToStr(value));
  }
  return got.raw();
}

int64_t HostOutgoingRead(void* ctx, int64_t handle, uint8_t* to, size_t cap) {
  return Host(ctx).OutgoingRead(handle, std::as_writable_bytes(std::span(to, cap))).raw();
}

void HostOutgoingDelete(void* ctx, int64_t handle) { Host(ctx).OutgoingDelete(handle); }

strata_host ToNative(GuestHost& host) {
  return {.ctx = &host,
          .wake = HostWake,
          .body_read = HostBodyRead,
          .respond = HostRespond,
          .body_write = HostBodyWrite,
          .log = HostLog,
          .outgoing_start = HostOutgoingStart,
          .outgoing_write = HostOutgoingWrite,
          .outgoing_end = HostOutgoingEnd,
          .outgoing_head = HostOutgoingHead,
          .outgoing_read = HostOutgoingRead,
          .outgoing_delete = HostOutgoingDelete};
}

// ---- values ------------------------------------------------------------------------------------

strata_value ToNative(const Value& value) {
  strata_value out{};
  out.type = static_cast<std::uint8_t>(value.index());  // the variant's order is the C type's
  switch (value.index()) {
    case 0:
      out.of.i32 = std::get<std::int32_t>(value);
      break;
    case 1:
      out.of.i64 = std::get<std::int64_t>(value);
      break;
    case 2:
      out.of.f32 = std::get<float>(value);
      break;
    default:
      out.of.f64 = std::get<double>(value);
      break;
  }
  return out;
}

Value FromNative(const strata_value& value) {
  switch (value.type) {
    case 0:
      return value.of.i32;
    case 1:
      return value.of.i64;
    case 2:
      return value.of.f32;
    default:
      return value.of.f64;
  }
}

EngineEnd ToEnd(std::int32_t reason) {
  switch (reason) {
    case STRATA_EXIT_RETURNED:
      return EngineEnd::kReturned;
    case STRATA_EXIT_TRAP:
      return EngineEnd::kTrap;
    case STRATA_EXIT_MEMORY:
      return EngineEnd::kMemory;
    case STRATA_EXIT_TABLE:
      return EngineEnd::kTable;
    case STRATA_EXIT_STACK:
      return EngineEnd::kStack;
    case STRATA_EXIT_HOST:
      return EngineEnd::kHost;
    case STRATA_EXIT_EXHAUSTED:
      return EngineEnd::kExhausted;
    default:
      return EngineEnd::kInternal;
  }
}

// ---- the four objects --------------------------------------------------------------------------

class WasmtimeCall final : public EngineCall {
 public:
  explicit WasmtimeCall(NativeCall call) : call_(std::move(call)) {}

  bool Poll(EngineExit& exit) override {
    strata_exit end;  // not zeroed: 0.5 KiB that only a finished call fills
    if (strata_call_poll(call_.get(), &end) == STRATA_CALL_PENDING) return false;
    exit.end = ToEnd(end.reason);
    exit.status = end.status;
    if (exit.end != EngineEnd::kReturned) exit.detail = end.detail;
    return true;
  }

  std::vector<Value> Results() const override {
    std::array<strata_value, kUsualValues> few;
    const std::size_t count = strata_call_results(call_.get(), few.data(), few.size());
    std::vector<Value> values;
    values.reserve(count);
    if (count <= few.size()) {
      for (std::size_t i = 0; i < count; ++i) values.push_back(FromNative(few[i]));
      return values;
    }
    std::vector<strata_value> many(count);
    strata_call_results(call_.get(), many.data(), many.size());
    for (const auto& value : many) values.push_back(FromNative(value));
    return values;
  }

 private:
  static constexpr std::size_t kUsualValues = 4;
  NativeCall call_;
};

Result<std::unique_ptr<EngineCall>> Started(strata_call* call, char* error) {
  if (call != nullptr) return std::make_unique<WasmtimeCall>(NativeCall(call));
  std::string message = TakeString(error);
  if (message.starts_with("not found: ")) return Fail(Errc::kNotFound, std::move(message));
  if (message.starts_with("invalid: ")) return Fail(Errc::kInvalidArgument, std::move(message));
  return Fail(Errc::kInternal, "start call: " + message);
}

class WasmtimeSandbox final : public EngineSandbox {
 public:
  explicit WasmtimeSandbox(NativeSandbox sandbox) : sandbox_(std::move(sandbox)) {}

  Result<std::unique_ptr<EngineCall>> StartHttp(const EngineRequest& request,
                                                GuestHost& host) override {
    const auto headers = ToPairs(request.headers);
    const strata_request native{.method = ToStr(request.method),
                                .scheme = ToStr(request.scheme),
                                .authority = ToStr(request.authority),
                                .path_with_query = ToStr(request.path_with_query),
                                .headers = headers.data(),
                                .headers_len = headers.size(),
                                .has_content_length = request.content_length.has_value(),
                                .content_length = request.content_length.value_or(0)};
    const strata_host functions = ToNative(host);
    char* error = nullptr;
    strata_call* call = strata_call_http(sandbox_.get(), &native, &functions, &error);
    return Started(call, error);
  }

  Result<std::unique_ptr<EngineCall>> StartCommand(std::span<const std::string> arguments,
                                                   GuestHost& host) override {
    std::vector<strata_str> native;
    native.reserve(arguments.size());
    for (const std::string& argument : arguments) native.push_back(ToStr(argument));
    const strata_host functions = ToNative(host);
    char* error = nullptr;
    strata_call* call =
        strata_call_command(sandbox_.get(), native.data(), native.size(), &functions, &error);
    return Started(call, error);
  }

  Result<std::unique_ptr<EngineCall>> StartExport(std::string_view name,
                                                  std::span<const Value> arguments,
                                                  GuestHost& host) override {
    std::array<strata_value, kMaxArguments> native;
    if (arguments.size() > native.size()) {
      return Fail(Errc::kInvalidArgument, "more than 32 arguments");
    }
    for (std::size_t i = 0; i < arguments.size(); ++i) native[i] = ToNative(arguments[i]);
    const strata_host functions = ToNative(host);
    char* error = nullptr;
    strata_call* call = strata_call_export(sandbox_.get(), ToStr(name), native.data(),
                                           arguments.size(), &functions, &error);
    return Started(call, error);
  }

  Bytes memory_peak() const override { return Bytes{strata_sandbox_memory_peak(sandbox_.get())}; }

 private:
  static constexpr std::size_t kMaxArguments = 32;
  NativeSandbox sandbox_;
};

Result<std::vector<Export>> ParseExports(const strata_image* image) {
  auto listed = ParseJson(TakeString(strata_image_exports(image)));
  if (!listed) return Wrap(std::move(listed).error(), "list exports");
  std::vector<Export> exports;
  try {
    for (const auto& entry : *listed) {
      exports.push_back({entry.at("name").get<std::string>(),
                         entry.at("params").get<std::vector<std::string>>(),
                         entry.at("results").get<std::vector<std::string>>()});
    }
  } catch (const Json::exception& error) {
    return Fail(Errc::kInternal, std::string("list exports: ") + error.what());
  }
  return exports;
}

class WasmtimeImage final : public EngineImage {
 public:
  WasmtimeImage(NativeImage image, model::GuestKind kind, std::vector<Export> exports)
      : image_(std::move(image)), kind_(kind), exports_(std::move(exports)) {}

  model::GuestKind kind() const override { return kind_; }
  const std::vector<Export>& exports() const override { return exports_; }

  Result<std::unique_ptr<EngineSandbox>> Create(const EngineSpec& spec) override {
    std::vector<strata_pair> env;
    env.reserve(spec.env.size());
    for (const auto& [name, value] : spec.env) env.push_back({ToStr(name), ToStr(value)});
    std::vector<strata_dir> dirs;
    dirs.reserve(spec.dirs.size());
    for (const auto& dir : spec.dirs) {
      dirs.push_back({ToStr(dir.host), ToStr(dir.guest), dir.writable});
    }
    const strata_sandbox_config config{.memory = spec.memory.count,
                                       .table_elements = spec.table_elements,
                                       .host_calls = spec.host_calls,
                                       .cpu_clock_start = 0,
                                       .env = env.data(),
                                       .env_len = env.size(),
                                       .dirs = dirs.data(),
                                       .dirs_len = dirs.size()};
    char* error = nullptr;
    NativeSandbox sandbox(strata_sandbox_new(image_.get(), &config, &error));
    if (!sandbox) return Fail(Errc::kInvalidArgument, "new sandbox: " + TakeString(error));
    return std::make_unique<WasmtimeSandbox>(std::move(sandbox));
  }

 private:
  NativeImage image_;
  model::GuestKind kind_;
  std::vector<Export> exports_;
};

model::GuestKind ToKind(int kind) {
  switch (kind) {
    case STRATA_KIND_HTTP:
      return model::GuestKind::kHttp;
    case STRATA_KIND_COMMAND:
      return model::GuestKind::kCommand;
    default:
      return model::GuestKind::kModule;
  }
}

class WasmtimeEngine final : public Engine {
 public:
  explicit WasmtimeEngine(NativeEngine engine) : engine_(std::move(engine)) {}

  Result<std::vector<std::byte>> Compile(std::span<const std::byte> wasm) override {
    uint8_t* code = nullptr;
    size_t length = 0;
    char* error = nullptr;
    const auto* bytes = reinterpret_cast<const uint8_t*>(wasm.data());
    if (strata_compile(engine_.get(), bytes, wasm.size(), &code, &length, &error) != 0) {
      return Fail(Errc::kInvalidArgument, TakeString(error));
    }
    std::vector<std::byte> copy(length);
    std::memcpy(copy.data(), code, length);
    strata_bytes_free(code, length);
    return copy;
  }

  std::string Key() const override { return TakeString(strata_engine_key(engine_.get())); }

  Result<std::shared_ptr<EngineImage>> Load(int fd) override {
    char* error = nullptr;
    NativeImage image(strata_image_load(engine_.get(), fd, &error));
    if (!image) return Fail(Errc::kInvalidArgument, "load native code: " + TakeString(error));
    const auto kind = ToKind(strata_image_kind(image.get()));
    std::vector<Export> exports;
    if (kind == model::GuestKind::kModule) {
      auto parsed = ParseExports(image.get());
      if (!parsed) return std::unexpected(std::move(parsed).error());
      exports = std::move(*parsed);
    }
    return std::make_shared<WasmtimeImage>(std::move(image), kind, std::move(exports));
  }

  void Tick() const noexcept override { strata_engine_tick(engine_.get()); }
  void Turn() override { strata_engine_turn(engine_.get()); }

 private:
  NativeEngine engine_;
};

}  // namespace

Result<std::shared_ptr<Engine>> MakeWasmtimeEngine(const Config& config, EngineRole role) {
  const strata_engine_config native{.max_sandboxes = config.max_sandboxes,
                                    .max_memory = config.max_memory.count,
                                    .memory_reservation = config.memory_reservation.count,
                                    .max_table_elements = config.max_table_elements,
                                    .keep_resident = config.keep_resident.count,
                                    .pooling = role == EngineRole::kHost};
  char* error = nullptr;
  NativeEngine engine(strata_engine_new(&native, &error));
  if (!engine) return Fail(Errc::kResourceExhausted, "make engine: " + TakeString(error));
  return std::make_shared<WasmtimeEngine>(std::move(engine));
}

}  // namespace strata::sandbox::wasm
