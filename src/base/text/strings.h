// base/text/strings.h - small text helpers that more than one folder needs.
//
// Of bytes, and where letters matter of ASCII alone: no locale is asked. EscapeControl is what
// stands between a guest's words and a terminal or a log's line.
//
// Threads:  pure; any. Errors: none; what is not there is nothing. Tested by
// base/text/strings_test.cc.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace strata {

// With the letters A to Z as a to z; everything else as it is.
[[nodiscard]] std::string Lower(std::string_view text);

// How many single characters must be inserted, removed, replaced or swapped with their neighbour to
// turn `a` into `b` (optimal string alignment).
[[nodiscard]] std::size_t EditDistance(std::string_view a, std::string_view b);

// The candidate a person probably meant by `name`, for "did you mean ...?": the nearest one, if at
// most a third of its characters (at least one) differ; case does not count. The first of equals.
// Nothing: none is near, or `name` is longer than 128.
[[nodiscard]] std::optional<std::string_view> Nearest(std::string_view name,
                                                      std::span<const std::string_view> candidates);

// "; did you mean 'functions'?", the end of a refusal: of the nearest. Empty: none is near.
[[nodiscard]] std::string DidYouMean(std::string_view name,
                                     std::span<const std::string_view> candidates);

// The number that all of `text` is, with a point or an exponent if need be, from 0 to `most`;
// nothing: it is none.
[[nodiscard]] std::optional<double> ReadNumber(std::string_view text, double most);

// `text` with every control character (C0, DEL, C1) as \n, \t or \xNN, so that untrusted text can
// neither move a terminal's cursor nor fake a second line. What is escaped already stays as it is.
[[nodiscard]] std::string EscapeControl(std::string_view text);

}  // namespace strata
