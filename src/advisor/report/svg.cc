#include "advisor/report/svg.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>

#include "base/table.h"

namespace strata::advisor {
namespace {

// A tenth of a pixel is enough.
std::string Pixels(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f", value);
  std::string number = text;
  if (number.ends_with(".0")) number.resize(number.size() - 2);
  return number;
}

std::string Attribute(std::string_view name, double value) {
  return " " + std::string(name) + "=\"" + Pixels(value) + "\"";
}

}  // namespace

std::string EscapeXml(std::string_view text) {
  std::string out;
  for (const char character : text) {
    switch (character) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        if (static_cast<unsigned char>(character) >= 0x20) out += character;
    }
  }
  return out;
}

void SvgPage::Text(double x, double y, std::string_view text, std::string_view style) {
  body_ += "<text" + Attribute("x", x) + Attribute("y", y);
  if (!style.empty()) body_ += " style=\"" + std::string(style) + "\"";
  body_ += ">" + EscapeXml(text) + "</text>\n";
  Grow(x + static_cast<double>(DisplayWidth(text)) * kColumn, y);
}

void SvgPage::Rectangle(double x, double y, double width, double height, std::string_view fill) {
  body_ += "<rect" + Attribute("x", x) + Attribute("y", y) + Attribute("width", width) +
           Attribute("height", height) + " fill=\"" + std::string(fill) + "\"/>\n";
  Grow(x + width, y + height);
}

void SvgPage::Rule(double x1, double y1, double x2, double y2) {
  body_ += "<line" + Attribute("x1", x1) + Attribute("y1", y1) + Attribute("x2", x2) +
           Attribute("y2", y2) + " stroke=\"#8c959f\"/>\n";
  Grow(std::max(x1, x2), std::max(y1, y2));
}

void SvgPage::Path(const std::vector<Point>& points, std::string_view colour) {
  body_ += "<polyline fill=\"none\" stroke-width=\"1.5\" stroke=\"" + std::string(colour) +
           "\" points=\"";
  for (const Point& point : points) body_ += Pixels(point.x) + "," + Pixels(point.y) + " ";
  body_ += "\"/>\n";
}

std::string SvgPage::Finish() const {
  const double width = width_ + kMargin;
  const double height = std::max(height_, y_) + kMargin;
  return "<svg xmlns=\"http://www.w3.org/2000/svg\"" + Attribute("width", width) +
         Attribute("height", height) + " viewBox=\"0 0 " + Pixels(width) + " " + Pixels(height) +
         "\" font-family=\"DejaVu Sans Mono, Noto Sans Mono CJK SC, monospace\" font-size=\"12\" "
         "fill=\"#1f2328\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n" +
         body_ + "</svg>\n";
}

std::string_view SvgPage::Colour(std::size_t nth) noexcept {
  // Okabe and Ito's palette.
  constexpr std::array<std::string_view, 7> kColours = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                        "#e69f00", "#56b4e9", "#000000"};
  return kColours[nth % kColours.size()];
}

void SvgPage::Grow(double x, double y) noexcept {
  width_ = std::max(width_, x);
  height_ = std::max(height_, y);
}

}  // namespace strata::advisor
