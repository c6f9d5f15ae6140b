// cell/roles/zygote.h - the command role of strata-cell: a process of one tenant that is ready to
// be any of its commands and components, and forks a child for each.
//
//   kube/shim --request--> [ RunZygote ] --ForkSibling--> RunCommand, a child of the starter's
//
// What a child would do first is done already: the program is loaded and bound, the engine is made
// and knows the code, the filter of its system calls is ready. All children share that memory until
// they write to it. Each is a process of its own all the same, with its pid, signals, exit status,
// streams, control groups and confinement, and a child of the starter's, with whom it dies.
//
// No guest runs here. The zygote has what its starter left it (spawn.h): the tenant's user, no
// privileges, an empty network, which its children share; and a filter of system calls, but not
// Landlock (confinement.h). It cannot touch control groups: the starter puts each child into its
// own, and tells it then to go on. The order of addresses and the seeds of the engine's tables are
// those of all its children; guests' random numbers come from the kernel, child by child.
//
// It takes a number of modules, and of bytes of their code, in its life, and so many engines as its
// address space has room for; then it refuses more with kUnavailable, for its starter to make
// another.
//
// Threads: one. It ends when its starter closes the socket, and its children live on.
// Errors: in the answer; one request's are no other's. Tested by tests/kube.
#pragma once

#include "cell/start/confinement.h"

namespace strata::cell {

// Runs the process, on the socket kZygoteFd; returns the exit code.
int RunZygote(MissingProtection missing);

}  // namespace strata::cell
