// cell/modules.h - the native code that the manager passed in, by key, and the images made of it.
//
// An image is loaded when a function is first called and stays loaded as long as any function holds
// it; functions with the same code share it. What a new configuration does not name is forgotten
// (KeepOnly); the manager knows that rule and sends such code again when it is needed again.
//
// THE MANAGER VOUCHES FOR EVERY DESCRIPTOR: loading native code is running it.
//
// Threads: one loop. Lifetime: the drivers outlive it. Errors: of Load: kNotFound, or the driver's.
// Tested by cell_test.cc.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/files/fd.h"
#include "route/ports.h"
#include "sandbox/driver.h"

namespace strata::cell {

class ModuleStore final : public route::ImageSource {
 public:
  // `driver` takes native code, `remote` the lines of images that a keeper holds, `service` those
  // of services that run there.
  ModuleStore(sandbox::Driver& driver, sandbox::Driver& remote, sandbox::Driver& service)
      : driver_(driver), remote_(remote), service_(service) {}

  // A key that is known already keeps its first descriptor: code of one key is always the same.
  void Add(std::string key, Fd code);

  // Forgets every key that is not in `keys`. Images in use stay until their last holder is gone.
  void KeepOnly(const std::set<std::string, std::less<>>& keys);

  Result<std::shared_ptr<sandbox::Image>> Load(const std::string& module) override;

  [[nodiscard]] bool Has(std::string_view key) const { return entries_.contains(key); }
  [[nodiscard]] bool IsLoaded(std::string_view key) const;
  [[nodiscard]] std::vector<std::string> Keys() const;
  [[nodiscard]] std::size_t loaded() const;

 private:
  struct Entry {
    Fd code;
    std::weak_ptr<sandbox::Image> image;
  };
  [[nodiscard]] sandbox::Driver& DriverFor(std::string_view key, const Fd& code) const;

  sandbox::Driver& driver_;
  sandbox::Driver& remote_;
  sandbox::Driver& service_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace strata::cell
