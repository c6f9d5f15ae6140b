// manager/opened.h - the opened files and stores of a state directory: whatever can fail on one has
// failed before the manager starts.
//
//   Manager::Start --> Open (manager.cc) --> [ Opened ] --> ManagerImpl's own members
//
// `dir` was opened first: it holds the lock that makes this the only manager of the directory, so
// nothing else was looked at before.
//
// Threads:  the manager's loop. Lifetime: moved into the manager. Errors: none of its own.
#pragma once

#include <memory>

#include "artifact/store/code_cache.h"
#include "artifact/store/content_store.h"
#include "artifact/store/image_store.h"
#include "host/files/journal.h"
#include "manager/state_dir.h"
#include "store/store.h"

namespace strata::manager {

struct Opened {
  StateDir dir;
  std::unique_ptr<store::Store> store;
  host::Journal journal;
  artifact::ContentStore content;
  artifact::CodeCache cache;
  artifact::ImageStore images;
};

}  // namespace strata::manager
