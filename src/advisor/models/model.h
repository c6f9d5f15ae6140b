// advisor/models/model.h - one quantitative model of the source documents: parameters in, figures
// out. What is the same for all of them (setting parameters, checks, sensitivity, Monte Carlo, the
// report) is written once, over evaluate().
//
//   facts/models.yaml --[ParameterList]--> Model --[Inputs]--> evaluate --> Outputs
//
// A model's name, formulas, symbols, notes and claims stay in its fact; what is here is what a
// program must know. A choice (a level, yes or no) is a number too: the index of its level.
//
// Threads: values; evaluate and plot are pure. Errors: a figure that is not defined for the inputs
// is NaN. Tested by models_test.cc.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "advisor/report/report.h"
#include "advisor/report/text.h"
#include "base/text/json.h"

namespace strata::advisor::models {

inline constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kNoBound = std::numeric_limits<double>::infinity();

// The names of a choice's levels; they live as long as the program.
using Levels = std::span<const std::string_view>;
inline constexpr std::string_view kNoYes[] = {"no", "yes"};
inline constexpr std::string_view kLowToHigh[] = {"low", "medium", "high"};

// Above all figures of the documents: no parameter is more, so that their sums stay finite.
inline constexpr double kMost = 1e15;
inline constexpr double kMostCounted = 1e9;

enum class Numbers : std::uint8_t { kReal, kWhole };

// What kind of number a parameter is.
struct Kind {
  std::string_view unit;  // "" is a plain number
  double low = -kMost;    // what may be set, inclusive; of whole numbers whole
  double high = kMost;
  // How uncertain one is, each way; 0: a share of its value, which is asked for; kExact: it is not.
  double spread = 0;
  Numbers numbers = Numbers::kReal;
};
inline constexpr double kExact = -1;
inline constexpr Kind kNumber{""};
inline constexpr Kind kShare{"", 0, 1};
inline constexpr Kind kCount{"", 0, kMostCounted, 0, Numbers::kWhole};
inline constexpr Kind kAtLeastOne{"", 1, kMostCounted, 0, Numbers::kWhole};
inline constexpr Kind kPositive{"", 1e-12};
inline constexpr Kind kPercent{"%", 0, 100};
inline constexpr Kind kMs{"ms", 0};
inline constexpr Kind kYear{"year", 1900, 2200, 1};
inline constexpr Kind kYears{"years", 0, 1000};
inline constexpr Kind kMillions{"million yuan"};
inline constexpr Kind kWholeYears{"years", 1, 1000, kExact, Numbers::kWhole};
inline constexpr Kind kPerYear{"1/year", -10, 10};

struct Parameter {
  std::string name;
  double value = 0;
  Kind kind;
  Levels levels;         // of a choice; empty: a number
  Text source;           // which document and section gives it; empty: none does
  Text assumed;          // then: why this value
  bool unknown = false;  // and it may as well be any other within its bounds
  // Or it is a part of a whole, with all others that are: what the whole comes to is taken as it
  // is, and every mix is as likely.
  bool part = false;
  Text label;  // what it is: first as its fact says, in the end in full (words.h)
};

// The values of a model's parameters, by name. A name that the model does not have is a bug.
class Inputs {
 public:
  // `parameters` outlive it.
  explicit Inputs(std::span<const Parameter> parameters);

  double operator[](std::string_view name) const;
  [[nodiscard]] bool Yes(std::string_view name) const { return (*this)[name] > 0.5; }
  // Of a parameter that is a whole number and not negative.
  [[nodiscard]] std::uint64_t Count(std::string_view name) const;
  [[nodiscard]] double at(std::size_t parameter) const { return values_[parameter]; }
  void Set(std::size_t parameter, double value) { values_[parameter] = value; }

 private:
  [[nodiscard]] std::size_t Find(std::string_view name) const;

  std::span<const Parameter> parameters_;
  std::vector<double> values_;
};

struct Output {
  std::string name;
  double value = 0;
  std::string_view unit;
  Levels levels;  // of a choice
};

// A model's figures, in the order in which they are shown; the first is the one that matters most.
class Outputs {
 public:
  void Add(std::string name, double value, std::string_view unit = "") {
    all_.push_back({std::move(name), std::isfinite(value) ? value : kUndefined, unit, {}});
  }
  void Choose(std::string name, double level, Levels levels) {
    all_.push_back({std::move(name), level, "", levels});
  }
  void YesNo(std::string name, bool yes) { Choose(std::move(name), yes ? 1 : 0, kNoYes); }

  // What an equation took to solve: how often its derivative was asked for.
  void Worked(std::uint64_t evaluations) { worked_ += evaluations; }
  [[nodiscard]] std::uint64_t worked() const { return worked_; }

  // A name that is not there is a bug.
  [[nodiscard]] const Output& at(std::string_view name) const;
  double operator[](std::string_view name) const { return at(name).value; }
  [[nodiscard]] const std::vector<Output>& all() const { return all_; }

 private:
  std::vector<Output> all_;
  std::uint64_t worked_ = 0;
};

// How a check of the fact is computed again.
struct Check {
  std::string_view id;
  std::vector<std::string> outputs;  // the recomputed figures, in the order of the claim's parts
  // Whether the claim holds. Empty: a claim of numbers (one, a list, a map, a percentage) does when
  // each is its output rounded to as many digits; of any other the fact's word stands.
  std::function<bool(const Outputs&)> holds;
};

struct Model {
  std::string id;
  std::vector<Parameter> parameters;
  std::function<Outputs(const Inputs&)> evaluate;
  std::vector<Check> checks;  // those of the fact that are computed; the others are the fact's word
  std::function<Plot(const Inputs&)> plot;  // empty: bars of the outputs that have no levels
  // What a reader has to know of these values; empty: nothing ever.
  std::function<std::vector<Text>(const Inputs&)> remarks = {};
};

// Collects a model's parameters, from its fact where that has them.
class ParameterList {
 public:
  // `fact`: the model's entry in models.yaml.
  explicit ParameterList(const Json& fact) : fact_(fact) {}

  // One for each number that `path` leads to in the fact's `parameters`; a "*" is every member of a
  // map or entry of a list. The name is what comes from the first "*" on ("technologies.*.r" gives
  // "wasm.r"), or the last part; with `under` and a dot in front, where that is not empty. Null has
  // none. A path that leads nowhere is a bug.
  ParameterList& Take(std::string_view path, Kind kind, const std::string& under = "");
  // One that another section gives.
  ParameterList& Stated(std::string name, double value, Kind kind, Text source);
  ParameterList& Stated(std::string name, double value, Kind kind, std::string source) {
    return Stated(std::move(name), value, kind, Text{std::move(source), ""});
  }
  // One that no document gives; `why` says where the value comes from.
  ParameterList& Assume(std::string name, double value, Kind kind, Text why);
  // The same, where nothing is known but its bounds: what is uncertain about it is all of them.
  ParameterList& Unknown(std::string name, double value, Kind kind, Text why);
  // The same of a part of a whole, from 0 to all of it.
  ParameterList& Part(std::string name, double value, Kind kind, Text why);
  ParameterList& Choose(std::string name, std::string_view level, Levels levels, Text why);
  ParameterList& YesNo(std::string name, bool yes, Text why) {
    return Choose(std::move(name), kNoYes[yes ? 1 : 0], kNoYes, std::move(why));
  }

  // Says what the last parameter is, where its place in the fact does not.
  ParameterList& Called(Text label) {
    list_.back().label = std::move(label);
    return *this;
  }

  // NOLINTNEXTLINE(google-explicit-constructor): the list is what all this is for
  operator std::vector<Parameter>() const { return list_; }

 private:
  struct Name {
    std::string id;
    Text label;
  };
  void TakeFrom(const Json& node, std::string_view path, const Name& name, Kind kind);
  // Of a part of a name: what the entry that it leads to is called, or the symbol of that name.
  [[nodiscard]] Text LabelOfPart(const std::string& part, const Json& entry) const;

  const Json& fact_;
  std::vector<Parameter> list_;
};

// The check of the fact with that id; one that is not there is a bug.
const Json& CheckOf(const Json& fact, std::string_view id);

// What an entry of a list is called: its id, or what else tells it from the others.
std::string EntryName(const Json& entry, std::size_t index);

// The names in the map or list that `path` leads to in the fact's `parameters`, in its order.
std::vector<std::string> NamesIn(const Json& fact, std::string_view path);

}  // namespace strata::advisor::models
