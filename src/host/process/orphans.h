// host/process/orphans.h - the exit statuses of children that nobody here started: a subreaper gets
// the orphans of the programs it runs, and they stay zombies until it has waited for them.
//
//   oci::Bundle (after a runtime has ended) --> ReapOrphans, ReapOrphan
//
// A runtime like runc leaves on purpose an orphan whose exit status is wanted. From before it is
// started until somebody holds its Process, an ExpectedOrphan keeps the reaper from everything that
// was born since.
//
// Threads: any. Errors: none; what cannot be read is left alone. Tested by
// host/process/orphans_test.cc.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>

namespace strata::host {

struct ProcessId;

class ExpectedOrphan {
 public:
  ExpectedOrphan();
  ExpectedOrphan(const ExpectedOrphan&) = delete;
  ExpectedOrphan& operator=(const ExpectedOrphan&) = delete;
  ~ExpectedOrphan();

 private:
  std::uint64_t since_;  // clock ticks since boot
};

// Takes the exit status of this one, once it has ended, which is waited for `patience` at the most:
// if it is a child that nobody answers for, and still that process.
void ReapOrphan(const ProcessId& id, std::chrono::milliseconds patience);

// Takes the exit status of every child that has ended, was neither spawned nor adopted through
// host::Process, and is older than every ExpectedOrphan. How many.
int ReapOrphans();

// What host::Process answers for; it alone calls these two.
void NoteChild(pid_t pid);
void ForgetChild(pid_t pid);
// Whether a host::Process answers for it.
bool IsNoted(pid_t pid);

}  // namespace strata::host
