// sandbox/wasm/json_call.h - makes a bare module that has no request handler answer HTTP: the
// request names an export and its arguments, the answer holds its results.
//
//   {"export":"add","args":[1,2]}  -->  {"results":[3]}
//
// It is an EngineCall made of another, so that waiting, limits and stopping work as for any call:
// Poll reads the body, then runs the export, then writes the answer. Whatever is wrong with the
// request is answered 400 (problem+json) and counts as returned. i64 values beyond 2^53 are best
// sent as strings ("9007199254740993"); they are accepted as both and answered as numbers. NaN and
// infinities are answered as the strings "NaN", "Infinity", "-Infinity".
//
// Threads:  the loop's. Lifetime: one call's. Tested by json_call_test.cc.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/text/json.h"
#include "sandbox/wasm/engine/engine.h"

namespace strata::sandbox::wasm {

class JsonCall final : public EngineCall {
 public:
  // Both are borrowed and outlive the call.
  JsonCall(EngineSandbox& sandbox, std::span<const Export> exports, GuestHost& host)
      : sandbox_(sandbox), exports_(exports), host_(host) {}

  bool Poll(EngineExit& exit) override;
  std::vector<Value> Results() const override { return {}; }

 private:
  enum class Step : std::uint8_t { kReadBody, kRunExport, kWriteAnswer };

  bool ReadBody(EngineExit& exit);  // each returns true when the call is over
  bool RunExport(EngineExit& exit);
  bool WriteAnswer(EngineExit& exit);
  Result<void> StartExport();
  bool Refuse(const Error& error, EngineExit& exit);
  bool Answer(http::ResponseHead head, std::string body, EngineExit& exit);

  EngineSandbox& sandbox_;
  std::span<const Export> exports_;
  GuestHost& host_;
  Step step_ = Step::kReadBody;
  std::string body_;  // the request's, then the answer's
  std::size_t written_ = 0;
  std::unique_ptr<EngineCall> call_;
};

// One JSON value as `type` ("i32", "i64", "f32", "f64"). kInvalidArgument: it does not fit.
Result<Value> ValueFromJson(const Json& json, std::string_view type);
Json ValueToJson(const Value& value);

}  // namespace strata::sandbox::wasm
