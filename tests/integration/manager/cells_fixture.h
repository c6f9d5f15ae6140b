// tests/integration/manager/cells_fixture.h - what a Fleet or a CellProcess needs around it, with
// the real strata-cell; or with a shell script in its place, which can misbehave as no cell would.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "base/async/task.h"
#include "base/clock.h"
#include "host/files/journal.h"
#include "manager/cells/cell_process.h"
#include "manager/options.h"
#include "manager/state_dir.h"
#include "support/cell_harness.h"
#include "support/run_on.h"

namespace strata::manager {

class CellsFixture : public ::testing::Test {
 protected:
  CellsFixture()
      : dir_(StateDir::Open(home_.path() / "home").value()),
        journal_(host::Journal::Open(dir_.state() / "journal").value()) {
    options_.home = dir_.home();
    options_.cell_program = STRATA_CELL_PROGRAM;
    options_.listen = "127.0.0.1:0";
    options_.cells = 1;
    options_.max_sandboxes = 8;
    options_.max_memory = testing::kMaxMemory;
    options_.memory_reservation = testing::kReservation;
    options_.allow_missing_protections = true;
  }

  // Cells started from now on are `text`, run by the shell; the folder in $SHARED is everybody's.
  void UseScript(const std::string& text) {
    shared_.Write("cell.sh", "#!/bin/sh\nSHARED=" + shared_.path() + "\n" + text);
    options_.cell_program = shared_.path() + "/cell.sh";
    std::filesystem::permissions(options_.cell_program, std::filesystem::perms{0755});
  }

  // The cells, by the journal: what a later manager would look for.
  std::size_t Journalled() const { return journal_.living().size(); }

  template <typename T>
  Result<T> Run(Task<T> task) {
    return testing::RunOn(loop_, std::move(task));
  }

  const testing::TempDir home_;
  const testing::SharedDirectory shared_;
  Loop loop_{1};
  const SystemClock clock_;
  Options options_;
  const std::string instance_ = "cells-test";
  StateDir dir_;
  host::Journal journal_;
  CellContext context_{loop_, clock_, options_, dir_, instance_, journal_, {}};
};

}  // namespace strata::manager
