// advisor/report/svg.h - an SVG picture that grows downwards.
//
// Threads: a value of one owner. Tested by render_test.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "advisor/report/report.h"

namespace strata::advisor {

// `text` with &, <, > and quotes as XML takes them, and without control characters.
std::string EscapeXml(std::string_view text);

class SvgPage {
 public:
  // Of the page's font: a terminal column, a line.
  static constexpr double kColumn = 7.25;
  static constexpr double kLine = 18;
  static constexpr double kMargin = 16;

  // Where the next thing goes, and by how much.
  [[nodiscard]] double y() const noexcept { return y_; }
  void Skip(double height) noexcept { y_ += height; }

  void Text(double x, double y, std::string_view text, std::string_view style = "");
  void Rectangle(double x, double y, double width, double height, std::string_view fill);
  void Rule(double x1, double y1, double x2, double y2);
  void Path(const std::vector<Point>& points, std::string_view colour);

  // The whole document.
  [[nodiscard]] std::string Finish() const;

  // A colour for the nth of several things; they can be told apart without seeing red or green.
  static std::string_view Colour(std::size_t nth) noexcept;

 private:
  void Grow(double x, double y) noexcept;

  std::string body_;
  double y_ = kMargin;
  double width_ = 0;
  double height_ = 0;
};

}  // namespace strata::advisor
