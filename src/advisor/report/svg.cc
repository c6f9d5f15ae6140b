#include "advisor/report/svg.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>

#include "base/text/table.h"

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

std::string Attribute(std::string_view name, std::string_view value) {
  return " " + std::string(name) + "=\"" + std::string(value) + "\"";
}

std::string Attribute(std::string_view name, double value) {
  return Attribute(name, Pixels(value));
}

// `use`: fill or stroke.
std::string InkOf(std::string_view use, const SvgPage::Ink& ink) {
  return Attribute("class", ink.name) + Attribute(use, ink.colour);
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

void SvgPage::Text(double x, double y, std::string_view text, const TextStyle& style) {
  Write(x, y, text, style, "");
}

void SvgPage::Text(double x, double y, const advisor::Text& text, const TextStyle& style) {
  if (language_) return Write(x, y, text.In(*language_), style, "");
  const bool one = text.en.empty() || text.zh.empty() || text.zh == text.en;
  if (one) return Write(x, y, text.en.empty() ? text.zh : text.en, style, "");
  for (const Language language : {Language::kEnglish, Language::kChinese}) {
    Write(x, y, text.In(language), style, LanguageName(language));
  }
}

double SvgPage::WidthOf(const advisor::Text& text) const {
  const auto columns = [&text](Language language) { return DisplayWidth(text.In(language)); };
  const std::size_t most = language_
                               ? columns(*language_)
                               : std::max(columns(Language::kEnglish), columns(Language::kChinese));
  return static_cast<double>(most) * kColumn;
}

void SvgPage::Write(double x, double y, std::string_view text, const TextStyle& style,
                    std::string_view language) {
  body_ += "<text" + Attribute("x", x) + Attribute("y", y);
  if (!language.empty()) body_ += Attribute("lang", language);
  if (style.ink.name != kText.name) body_ += InkOf("fill", style.ink);
  if (style.bold) body_ += Attribute("font-weight", "bold");
  if (style.size != TextStyle().size) body_ += Attribute("font-size", style.size);
  if (style.anchor == Anchor::kMiddle) body_ += Attribute("text-anchor", "middle");
  if (style.anchor == Anchor::kEnd) body_ += Attribute("text-anchor", "end");
  body_ += ">" + EscapeXml(text) + "</text>\n";
  const double wide = static_cast<double>(DisplayWidth(text)) * kColumn * style.size / 12;
  const double behind = style.anchor == Anchor::kStart ? 1 : style.anchor == Anchor::kEnd ? 0 : 0.5;
  Grow(x + wide * behind, y);
}

void SvgPage::Rectangle(double x, double y, double width, double height, Ink ink) {
  body_ += "<rect" + Attribute("x", x) + Attribute("y", y) + Attribute("width", width) +
           Attribute("height", height) + InkOf("fill", ink) + "/>\n";
  Grow(x + width, y + height);
}

void SvgPage::Rule(double x1, double y1, double x2, double y2, Ink ink) {
  body_ += "<line" + Attribute("x1", x1) + Attribute("y1", y1) + Attribute("x2", x2) +
           Attribute("y2", y2) + InkOf("stroke", ink) + "/>\n";
  Grow(std::max(x1, x2), std::max(y1, y2));
}

void SvgPage::Boxes(const std::vector<Box>& boxes, Ink ink) {
  if (boxes.empty()) return;
  body_ += "<path" + InkOf("fill", ink) + " d=\"";
  for (const Box& box : boxes) {
    body_ += "M" + Pixels(box.x) + " " + Pixels(box.y) + "h" + Pixels(box.width) + "v" +
             Pixels(box.height) + "h" + Pixels(-box.width) + "z";
    Grow(box.x + box.width, box.y + box.height);
  }
  body_ += "\"/>\n";
}

void SvgPage::Rules(const std::vector<Stroke>& strokes, Ink ink) {
  if (strokes.empty()) return;
  body_ += "<path" + InkOf("stroke", ink) + " d=\"";
  for (const Stroke& each : strokes) {
    body_ += "M" + Pixels(each.x1) + " " + Pixels(each.y1) + "L" + Pixels(each.x2) + " " +
             Pixels(each.y2);
    Grow(std::max(each.x1, each.x2), std::max(each.y1, each.y2));
  }
  body_ += "\"/>\n";
}

void SvgPage::Shapes(const std::vector<std::vector<Point>>& shapes, Ink ink) {
  if (shapes.empty()) return;
  body_ += "<path" + InkOf("fill", ink) + " d=\"";
  for (const std::vector<Point>& shape : shapes) {
    const char* step = "M";
    for (const Point& point : shape) {
      body_ += step + Pixels(point.x) + " " + Pixels(point.y);
      step = "L";
    }
    if (!shape.empty()) body_ += "z";
  }
  body_ += "\"/>\n";
}

void SvgPage::Path(const std::vector<Point>& points, Ink ink) {
  body_ += "<polyline fill=\"none\" stroke-width=\"2\"" + InkOf("stroke", ink) + " points=\"";
  for (const Point& point : points) body_ += Pixels(point.x) + "," + Pixels(point.y) + " ";
  if (!points.empty()) body_.pop_back();
  body_ += "\"/>\n";
}

void SvgPage::Dot(const Point& at, Ink ink) {
  body_ += "<circle" + Attribute("cx", at.x) + Attribute("cy", at.y) + Attribute("r", 3) +
           InkOf("fill", ink) + "/>\n";
}

std::string SvgPage::Finish(Form form, std::string_view named_by) const {
  const double width = width_ + kMargin;
  const double height = std::max(height_, y_) + kMargin;
  std::string text = "<svg";
  if (form == Form::kDocument) text += Attribute("xmlns", "http://www.w3.org/2000/svg");
  if (!named_by.empty()) text += Attribute("role", "img") + Attribute("aria-labelledby", named_by);
  text += Attribute("width", width) + Attribute("height", height) +
          Attribute("viewBox", "0 0 " + Pixels(width) + " " + Pixels(height));
  if (form == Form::kInline) return text + ">\n" + body_ + "</svg>\n";
  return text + Attribute("font-family", "DejaVu Sans Mono, Noto Sans Mono CJK SC, monospace") +
         Attribute("font-size", TextStyle().size) + Attribute("fill", kText.colour) +
         ">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n" + body_ + "</svg>\n";
}

SvgPage::Ink SvgPage::Series(std::size_t nth) noexcept {
  // Okabe and Ito's palette.
  constexpr std::array<Ink, 7> kSeries = {{{"series1", "#0072b2"},
                                           {"series2", "#d55e00"},
                                           {"series3", "#009e73"},
                                           {"series4", "#cc79a7"},
                                           {"series5", "#e69f00"},
                                           {"series6", "#56b4e9"},
                                           {"series7", "#000000"}}};
  return kSeries[nth % kSeries.size()];
}

void SvgPage::Grow(double x, double y) noexcept {
  width_ = std::max(width_, x);
  height_ = std::max(height_, y);
}

}  // namespace strata::advisor
