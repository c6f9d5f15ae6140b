// measure/rows.h - what `strata measure` measures: one table, one entry a row. Whatever shows,
// judges or compares rows reads it here.
//
// A kind is a function that takes samples of one or more rows in one place (kinds.h). A row without
// a kind is made from another row's samples, so that nothing is measured twice.
//
// Threads: constants and pure functions. Tested by rows_test.cc.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "measure/kinds.h"
#include "measure/record.h"

namespace strata::measure {

enum class Made : std::uint8_t {
  kTaken,    // by `kind`
  kSame,     // the samples of `from`
  kLoss,     // how much longer `from`, less `other`, takes than in kProcess, in %, turn by turn
  kSum,      // `from` and `other`, sample by sample
  kPerHost,  // how many times `from` (MiB) goes into the host's memory
};

struct Row {
  std::string_view id;  // in the record
  std::string_view unit;
  std::string_view label;
  std::string_view label_zh;
  std::string_view how;  // what is measured, in a sentence
  std::string_view how_zh;
  // Which of the documents' dimensions it belongs to; empty: none, it is of the host.
  std::string_view dimension;
  // Where the facts claim something of it (advisor/compare/claims.h): "PART PLACE KEY".
  std::array<std::string_view, 8> claims;
  const Kind* kind = nullptr;
  Made made = Made::kTaken;
  std::string_view from;
  std::string_view other;
  double share = 0.5;  // the quantile that stands for the samples
  bool exact = false;  // a sample is the figure itself, not one of many that it could be
};

// In the order in which they are shown.
std::span<const Row> Rows();
const Row* FindRow(std::string_view id);

// What the row's samples in a place are; empty: there are none.
std::vector<double> SamplesOf(const Record& record, const Row& row, std::string_view in);

}  // namespace strata::measure
