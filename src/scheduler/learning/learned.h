// scheduler/learning/learned.h - what the calls of one revision in one class taught: start-up,
// service time, memory and failures, and how well the next call could be told from it.
//
//   call records --> [ Learned ] --> With(prior): Figures --> Choose
//
// Quantiles are a Sketch's, whose past fades by half whenever it has the weight of kWindow calls: a
// p99 needs many. The rest are moving averages (EWMA) that follow a change within some fifty calls;
// failures are rare, so their rate is of far more. A new revision begins with what the one before
// did, or its artifact under another name, at the weight of kCarried calls. What was known before
// its first call counts as kPrior calls: the record of `strata measure`, or what another artifact
// did before (manager/placing/own_figures.h). So there is no number of calls at which a decision
// jumps. What a first call takes is learned in the same way from the calls that waited for their
// sandbox, each of which counts against the prior's first call and what the other calls took more
// than the prior's (record.h has the formula).
//
// Every call is predicted before it is learned from, so it is scored on calls that it does not know
// (Dawid: "The prequential approach", 1984).
//
// Pure values; less than 550 bytes and six sketches. Tested by learned_test.cc.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "scheduler/learning/sketch.h"
#include "scheduler/learning/state_codec.h"
#include "scheduler/placing/strategy.h"

namespace strata::scheduler {

// A mean that forgets: of the first values the plain mean, then of about the last `window`.
class MovingMean {
 public:
  explicit MovingMean(double window = 50) : window_(window) {}
  void Add(double value);
  // What was seen so far counts as no more than so many values from now on.
  void Carry(double most) { seen_ = std::min(seen_, most); }
  [[nodiscard]] double value() const noexcept { return value_; }
  [[nodiscard]] double seen() const noexcept { return seen_; }

  void Save(StateWriter& to) const;
  void Load(StateReader& from, double most);  // that a value may be

 private:
  double window_;
  double value_ = 0;
  double seen_ = 0;
};

// How predictions and what came compare. Mergeable.
class Score {
 public:
  void Add(double predicted, double actual);
  void Merge(const Score& other);

  [[nodiscard]] std::uint64_t calls() const noexcept { return calls_; }
  // The share of the variance that the predictions explain: 1 all, 0 as good as one mean for all,
  // below that worse. Nothing: there was no variance.
  [[nodiscard]] std::optional<double> explained() const;
  // All differences together, as a share of all that came. Nothing: nothing came.
  [[nodiscard]] std::optional<double> error() const;

  void Save(StateWriter& to) const;
  void Load(StateReader& from);

 private:
  std::uint64_t calls_ = 0;
  double mean_ = 0;
  double variance_sum_ = 0;  // of squared distances from the mean
  double missed_sum_ = 0;    // of squared distances from the predictions
  double off_sum_ = 0;       // of absolute ones
};

struct CallSeen {
  double start_ms = 0;    // until its sandbox was there
  double service_ms = 0;  // from there to its end
  double cpu_ms = 0;
  double memory_mib = 0;
  bool failed = false;   // through no fault of the client
  bool program = false;  // it did, and that is what the program itself answered
  bool cold = false;     // it waited until its sandbox was made
  bool shared = false;   // a server's: its processor time and memory are told by LearnLoad
};

// Of calls that were counted, those above a bound; both fade like a sketch.
struct Counted {
  double above = 0;
  double calls = 0;
};

class Learned {
 public:
  static constexpr double kPrior = 20;
  static constexpr double kCarried = 20;
  static constexpr double kWindow = 100'000;
  // That a failure rate is of: enough to tell 99.99 % of calls from fewer.
  static constexpr double kFailureWindow = 100'000;

  void Learn(const CallSeen& call);
  // What one of a server's sandboxes holds now, and computed for each call since the last time.
  void LearnLoad(std::optional<double> cpu_ms, double memory_mib);
  // What the next revision begins with: the same at the weight of kCarried calls, not yet scored.
  [[nodiscard]] Learned Successor() const;

  // Calls that this revision learned from itself.
  [[nodiscard]] std::uint64_t samples() const noexcept { return samples_; }
  [[nodiscard]] const Sketch& start() const noexcept { return start_; }      // ms
  [[nodiscard]] const Sketch& service() const noexcept { return service_; }  // ms
  [[nodiscard]] const Sketch& whole() const noexcept { return whole_; }      // ms, of whole calls
  [[nodiscard]] const Sketch& cold() const noexcept { return cold_; }        // ms, of whole calls
  [[nodiscard]] double cpu_ms() const noexcept { return cpu_ms_.value(); }
  [[nodiscard]] double memory_mib() const noexcept { return memory_.value(); }  // of one sandbox
  // Whether these two were seen: a server's are told apart from its calls.
  [[nodiscard]] bool load_known() const noexcept {
    return cpu_ms_.seen() > 0 && memory_.seen() > 0;
  }
  [[nodiscard]] FailureRate failures() const noexcept {
    return {.rate = failures_.value(), .calls = failures_.seen()};
  }
  // Of these, without what the program itself answered.
  [[nodiscard]] FailureRate crashes() const noexcept {
    return {.rate = crashes_.value(), .calls = crashes_.seen()};
  }
  [[nodiscard]] const Score& score() const noexcept { return score_; }

  // Of the calls that it learned from itself alone, without what it began with: those that took
  // longer than `ms`, of all and of those that waited for their sandbox; and crashes().
  [[nodiscard]] Counted Slower(double ms) const noexcept;
  [[nodiscard]] Counted SlowerCold(double ms) const noexcept;
  [[nodiscard]] FailureRate own_crashes() const noexcept;

  // Of whole calls, with `prior` at the weight of kPrior calls; what a first call takes is the p99
  // of those that waited for their sandbox, at the same weight against the prior's first call and
  // what the others' p99 is beyond the prior's. The load is the prior's until it is known. Nothing:
  // no call succeeded.
  [[nodiscard]] std::optional<Figures> With(const std::optional<Figures>& prior) const;

  // As bytes that outlive the program; they begin with their version and a checksum. Decode:
  // nothing, unless they are what Encode makes.
  [[nodiscard]] std::string Encode() const;
  static std::optional<Learned> Decode(std::string_view bytes);
  // `body` with the version and the checksum that belong to it: for the fuzzer.
  static std::string Sealed(std::string_view body);

 private:
  void Save(StateWriter& to) const;
  void Load(StateReader& from);
  [[nodiscard]] std::optional<double> ColdStart(const std::optional<Figures>& prior) const;

  std::uint64_t samples_ = 0;
  Sketch start_;
  Sketch service_;
  Sketch whole_;
  Sketch cold_;         // those of `whole_` that waited for their sandbox
  MovingMean mean_ms_;  // of whole calls: what the next one is predicted to take
  MovingMean cpu_ms_;
  MovingMean memory_;
  MovingMean failures_{kFailureWindow};
  MovingMean crashes_{kFailureWindow};
  Score score_;
  // What it began with, as it still weighs in those of the same names.
  Sketch carried_whole_;
  Sketch carried_cold_;
  FailureRate carried_crashes_;
};

}  // namespace strata::scheduler
