#include "advisor/recommend/documents/devices.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "advisor/names.h"
#include "model/rules.h"

namespace strata::advisor {
namespace {

using model::DeviceKind;

struct Word {
  std::string_view id;
  DeviceKind kind;
};
constexpr std::array kWords = {
    Word{"USB", DeviceKind::kUsb},   Word{"PCI", DeviceKind::kPci},
    Word{"GPU", DeviceKind::kGpu},   Word{"pass-through", DeviceKind::kGpu},
    Word{"vGPU", DeviceKind::kVgpu}, Word{"SR-IOV", DeviceKind::kVgpu},
};

Names AllNames() {
  Names names("device");
  for (const Word& each : kWords) names.Add(std::string(each.id), std::string(each.id));
  // What else people call them.
  constexpr std::array<std::pair<const char*, const char*>, 13> kOthers = {
      {{"USB", "USB/PCI"},
       {"PCI", "PCIe"},
       {"PCI", "PCI Express"},
       {"GPU", "graphics card"},
       {"GPU", "显卡"},
       {"pass-through", "passthrough"},
       {"pass-through", "GPU pass-through"},
       {"pass-through", "GPU passthrough"},
       {"pass-through", "直通"},
       {"pass-through", "GPU 直通"},
       {"vGPU", "virtual GPU"},
       {"vGPU", "虚拟 GPU"},
       {"SR-IOV", "SRIOV"}}};
  for (const auto& [id, name] : kOthers) names.Add(id, name);
  return names;
}

}  // namespace

bool AskedDevice::IsWhole() const noexcept {
  return !device.id.empty() || device.kind == DeviceKind::kGpu || device.kind == DeviceKind::kVgpu;
}

Result<std::vector<AskedDevice>> ReadDevices(const std::vector<std::string>& said) {
  const Names names = AllNames();
  std::vector<AskedDevice> devices;
  for (const std::string& each : said) {
    const std::size_t colon = std::min(each.find(':'), each.size());
    const auto id = names.Find(std::string_view(each).substr(0, colon));
    if (!id) return std::unexpected(id.error());
    const Word& word = *std::ranges::find(kWords, *id, &Word::id);
    AskedDevice device{.word = std::string(word.id), .device = {.kind = word.kind, .id = ""}};
    if (colon < each.size()) {
      device.device.id = each.substr(colon + 1);
      if (const auto problem = model::DeviceIdProblem(device.device.id)) {
        return Fail(Errc::kInvalidArgument, "device '" + *id + "': " + *problem);
      }
    }
    const bool again = std::ranges::any_of(devices, [&device](const AskedDevice& other) {
      return other.word == device.word && other.device == device.device;
    });
    if (!again) devices.push_back(std::move(device));
  }
  return devices;
}

std::string ShowDevice(const model::Device& device) {
  const std::string word(std::ranges::find(kWords, device.kind, &Word::kind)->id);
  return device.id.empty() ? word : word + ":" + device.id;
}

std::string WordsOf(const std::vector<AskedDevice>& devices) {
  std::vector<std::string> words;
  for (const AskedDevice& each : devices) {
    if (std::ranges::find(words, each.word) == words.end()) words.push_back(each.word);
  }
  return Listed(words);
}

}  // namespace strata::advisor
