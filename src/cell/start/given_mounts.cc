#include "cell/start/given_mounts.h"

#include <charconv>
#include <optional>
#include <system_error>

namespace strata::cell {
namespace {

using Mode = model::DirGrant::Mode;

constexpr int kFirstFree = 3;  // after the standard streams

// What stands before the next colon, which goes too.
std::optional<std::string_view> TakeField(std::string_view& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view field = text.substr(0, colon);
  text.remove_prefix(colon + 1);
  return field;
}

template <typename T>
bool ReadNumber(std::optional<std::string_view> text, T& number) {
  if (!text) return false;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  return error == std::errc() && end == text->data() + text->size();
}

}  // namespace

std::string ToText(const GivenVolume& volume) {
  return std::to_string(volume.fd) + (volume.mode == Mode::kVolume ? ":rw:" : ":ro:") +
         volume.image;
}

std::string ToText(const GivenScratch& scratch) {
  return std::to_string(scratch.fd) + ":" + std::to_string(scratch.count) + ":" +
         std::to_string(scratch.size.count);
}

Result<GivenVolume> ReadVolume(std::string_view text) {
  GivenVolume volume;
  const bool number = ReadNumber(TakeField(text), volume.fd);
  const auto mode = TakeField(text);
  const bool known = mode && (*mode == "rw" || *mode == "ro");
  if (!number || (volume.fd != -1 && volume.fd < kFirstFree) || !known || !text.starts_with('/')) {
    return Fail(Errc::kInvalidArgument, "a volume is FD:ro|rw:IMAGE");
  }
  volume.mode = *mode == "rw" ? Mode::kVolume : Mode::kVolumeReadOnly;
  volume.image = text;
  return volume;
}

Result<GivenScratch> ReadScratch(std::string_view text) {
  GivenScratch scratch;
  const bool start = ReadNumber(TakeField(text), scratch.fd);
  const bool count = ReadNumber(TakeField(text), scratch.count);
  const bool size = ReadNumber(std::optional(text), scratch.size.count);
  if (!start || !count || !size || scratch.fd < kFirstFree || scratch.count == 0 ||
      scratch.count > kMostScratch || scratch.size.count == 0) {
    return Fail(Errc::kInvalidArgument, "scratch is FD:COUNT:BYTES");
  }
  return scratch;
}

}  // namespace strata::cell
