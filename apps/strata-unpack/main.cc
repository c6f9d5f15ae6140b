// strata-unpack - reads one image layer for stratad's image store: hostile bytes in, a tar or a
// directory out, from a process that has given up everything else. There is nothing in it for
// people. What it does: src/artifact/unpack.
//
//   strata-unpack decompress LIMIT         < blob > tar
//   strata-unpack layer DIRECTORY LIMIT    < tar  > words about the layers below
//
// A word is 'W' or 'O', a path and a zero byte. Exit codes: 0; 1 refused; 2 usage; 3 too large; 4
// this host. One line on stderr says why.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <clocale>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "artifact/unpack/confine.h"
#include "artifact/unpack/layer.h"
#include "base/files/files.h"

namespace {

using strata::Bytes;
using strata::Errc;
using strata::Fd;
using strata::Result;
namespace unpack = strata::artifact::unpack;

constexpr int kUsageError = 2;

std::optional<Bytes> ParseLimit(std::string_view text) {
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return Bytes{count};
}

Result<void> Layer(const std::string& directory, Bytes limit, const Fd& in, const Fd& out) {
  auto root = strata::OpenFile(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!root) return std::unexpected(std::move(root).error());
  if (auto confined = unpack::Confine(directory); !confined) return confined;
  return unpack::UnpackLayer(in, *root, {.content = limit},
                             [&out](unpack::Below what, const std::string& path) {
                               std::string word(1, static_cast<char>(what));
                               word += path;
                               word += '\0';
                               return strata::WriteAll(out.get(), word);
                             });
}

Result<void> Decompress(Bytes limit, const Fd& in, const Fd& out) {
  if (auto confined = unpack::Confine(std::nullopt); !confined) return confined;
  return unpack::Decompress(in, out, limit);
}

int CodeOf(const strata::Error& error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  if (error.code == Errc::kInvalidArgument) return 1;
  return error.code == Errc::kResourceExhausted ? 3 : 4;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  const auto limit = argc > 2 ? ParseLimit(argv[argc - 1]) : std::nullopt;
  const Fd in(STDIN_FILENO);
  const Fd out(STDOUT_FILENO);
  ::umask(0);
  // libarchive takes names through the locale; this one changes nothing of UTF-8.
  std::setlocale(LC_CTYPE, "C.UTF-8");
  if (what == "decompress" && argc == 3 && limit) {
    const auto done = Decompress(*limit, in, out);
    return done ? 0 : CodeOf(done.error());
  }
  if (what == "layer" && argc == 4 && limit) {
    const auto done = Layer(argv[2], *limit, in, out);
    return done ? 0 : CodeOf(done.error());
  }
  std::fputs("usage: strata-unpack decompress LIMIT | layer DIRECTORY LIMIT\n", stderr);
  return kUsageError;
}
