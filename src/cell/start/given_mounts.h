// cell/start/given_mounts.h - the file systems that a host cell was started with, as its command
// line says it: the manager writes it, the cell reads it, before it confines itself.
//
//   --volume=FD:ro:IMAGE       the root of the file system in IMAGE; FD is -1 where it could not be
//                              mounted: whoever was granted it fails alone
//   --scratch=FD:COUNT:BYTES   COUNT empty file systems of BYTES, from FD on
//
// Pure. Tested by given_mounts_test.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "model/values.h"

namespace strata::cell {

struct GivenVolume {
  int fd = -1;
  model::DirGrant::Mode mode = model::DirGrant::Mode::kVolume;  // or kVolumeReadOnly
  std::string image;
  friend bool operator==(const GivenVolume&, const GivenVolume&) = default;
};

struct GivenScratch {
  int fd = -1;
  std::uint32_t count = 0;
  Bytes size;
  friend bool operator==(const GivenScratch&, const GivenScratch&) = default;
};

// How many sandboxes of a cell have scratch directories of one size at a time.
inline constexpr std::uint32_t kMostScratch = 128;

// What follows the "=".
std::string ToText(const GivenVolume& volume);
std::string ToText(const GivenScratch& scratch);

// kInvalidArgument: not as above.
Result<GivenVolume> ReadVolume(std::string_view text);
Result<GivenScratch> ReadScratch(std::string_view text);

}  // namespace strata::cell
