// A WASI command: reads a PNG on stdin, fits it into a SIZE x SIZE box (environment variable SIZE,
// default 128), writes a PNG to stdout. Pictures that already fit are re-encoded at their size.
//
// Runs once per request, CGI style: header lines, an empty line, the body. Input that is no PNG is
// the caller's fault (400); a SIZE that is no number is the deployer's (500).

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_RESIZE_IMPLEMENTATION
#define STBI_ONLY_PNG
#define STBI_NO_STDIO
#define STBI_WRITE_NO_STDIO
#define STBI_MAX_DIMENSIONS 8192
#include <stb_image.h>
#include <stb_image_resize.h>
#include <stb_image_write.h>

namespace {

constexpr int kDefaultSide = 128;
constexpr int kLargestSide = 4096;

using Bytes = std::vector<unsigned char>;
using Pixels = std::unique_ptr<unsigned char, decltype(&stbi_image_free)>;

struct Extent {
  int width;
  int height;
};

Bytes ReadAll(std::FILE* in) {
  Bytes all;
  unsigned char chunk[1 << 14];
  for (size_t n; (n = std::fread(chunk, 1, sizeof(chunk), in)) > 0;) {
    all.insert(all.end(), chunk, chunk + n);
  }
  return all;
}

// The box's side from the environment, or nothing when SIZE makes no sense.
std::optional<int> BoxSide() {
  const char* text = std::getenv("SIZE");
  if (text == nullptr) return kDefaultSide;
  int side = 0;
  const char* end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, side);
  if (error != std::errc() || stop != end || side < 1 || side > kLargestSide) return std::nullopt;
  return side;
}

// Keeps the aspect ratio, never enlarges, and leaves at least one pixel each way.
Extent Fit(Extent from, int side) {
  const int longest = std::max(from.width, from.height);
  if (longest <= side) return from;
  const auto scale = [&](int length) {
    return std::max(1, static_cast<int>(static_cast<long long>(length) * side / longest));
  };
  return {scale(from.width), scale(from.height)};
}

void AppendBytes(void* to, void* data, int size) {
  const auto* first = static_cast<unsigned char*>(data);
  static_cast<Bytes*>(to)->insert(static_cast<Bytes*>(to)->end(), first, first + size);
}

int Answer(const char* status, const std::string& why) {
  std::printf("Status: %s\r\nContent-Type: text/plain\r\n\r\n%s\n", status, why.c_str());
  return EXIT_SUCCESS;
}

}  // namespace

int main() {
  const std::optional<int> side = BoxSide();
  if (!side) return Answer("500", "SIZE must be a number from 1 to 4096");

  const Bytes input = ReadAll(stdin);
  Extent from{};
  int channels = 0;
  const Pixels picture(stbi_load_from_memory(input.data(), static_cast<int>(input.size()),
                                             &from.width, &from.height, &channels, 0),
                       stbi_image_free);
  if (!picture) return Answer("400", std::string("not a PNG: ") + stbi_failure_reason());

  const Extent to = Fit(from, *side);
  const bool has_alpha = channels == 2 || channels == 4;
  Bytes small(static_cast<size_t>(to.width) * to.height * channels);
  if (stbir_resize_uint8_srgb(picture.get(), from.width, from.height, 0, small.data(), to.width,
                              to.height, 0, channels,
                              has_alpha ? channels - 1 : STBIR_ALPHA_CHANNEL_NONE, 0) == 0) {
    return Answer("500", "out of memory");
  }

  Bytes png;
  if (stbi_write_png_to_func(AppendBytes, &png, to.width, to.height, channels, small.data(), 0) ==
      0) {
    return Answer("500", "out of memory");
  }
  std::printf("Content-Type: image/png\r\n\r\n");
  std::fwrite(png.data(), 1, png.size(), stdout);
  return EXIT_SUCCESS;
}
