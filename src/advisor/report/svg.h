// advisor/report/svg.h - an SVG picture that grows downwards, alone or inside a page.
//
// Whatever is drawn carries its colour and, as a class, what the colour is for: a page that holds
// the picture may have colours of its own (advisor/page/page.css).
//
// Threads: a value of one owner. Tested by render_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "advisor/report/report.h"
#include "advisor/report/text.h"

namespace strata::advisor {

// `text` with &, <, > and quotes as XML takes them, and without control characters.
std::string EscapeXml(std::string_view text);

class SvgPage {
 public:
  // Texts in that language; in both where there is none: a page of ours shows one by its style.
  explicit SvgPage(std::optional<Language> language = std::nullopt) noexcept
      : language_(language) {}

  // Of the page's font: a terminal column, a line.
  static constexpr double kColumn = 7.25;
  static constexpr double kLine = 18;
  static constexpr double kMargin = 16;

  struct Ink {
    std::string_view name;  // the class
    std::string_view colour;
  };
  static constexpr Ink kText{"text", "#1f2328"};
  static constexpr Ink kQuiet{"quiet", "#57606a"};
  static constexpr Ink kHead{"head", "#eaeef2"};
  static constexpr Ink kAxis{"axis", "#6e7781"};
  static constexpr Ink kGrid{"grid", "#d8dee4"};
  static constexpr Ink kMark{"mark", "#cf222e"};
  // For the nth of several things; they can be told apart without seeing red or green.
  static Ink Series(std::size_t nth) noexcept;

  enum class Anchor : std::uint8_t { kStart, kMiddle, kEnd };
  struct TextStyle {
    Ink ink = kText;
    Anchor anchor = Anchor::kStart;
    bool bold = false;
    int size = 12;
  };

  // Where the next thing goes, and by how much.
  [[nodiscard]] double y() const noexcept { return y_; }
  void Skip(double height) noexcept { y_ += height; }

  void Text(double x, double y, std::string_view text) { Text(x, y, text, TextStyle()); }
  void Text(double x, double y, std::string_view text, const TextStyle& style);
  void Text(double x, double y, const advisor::Text& text, const TextStyle& style);
  // In pixels, of the wider language that is drawn.
  [[nodiscard]] double WidthOf(const advisor::Text& text) const;

  // Several of one ink are one element, to keep pages with many pictures light.
  struct Box {
    double x, y, width, height;
  };
  struct Stroke {
    double x1, y1, x2, y2;
  };
  void Boxes(const std::vector<Box>& boxes, Ink ink);
  void Rules(const std::vector<Stroke>& strokes, Ink ink);
  void Shapes(const std::vector<std::vector<Point>>& shapes, Ink ink);  // filled
  void Rectangle(double x, double y, double width, double height, Ink ink);
  void Rule(double x1, double y1, double x2, double y2, Ink ink);
  void Path(const std::vector<Point>& points, Ink ink);
  void Dot(const Point& at, Ink ink);

  // A document of its own, or an element of an HTML page, whose fonts and background it takes.
  enum class Form : std::uint8_t { kDocument, kInline };
  // `named_by`: of an element, what in its page names it. Such a picture is one thing to whoever
  // does not see it; what it shows stands beside it as text.
  [[nodiscard]] std::string Finish(Form form = Form::kDocument,
                                   std::string_view named_by = "") const;

 private:
  void Write(double x, double y, std::string_view text, const TextStyle& style,
             std::string_view language);
  void Grow(double x, double y) noexcept;

  std::optional<Language> language_;
  std::string body_;
  double y_ = kMargin;
  double width_ = 0;
  double height_ = 0;
};

}  // namespace strata::advisor
