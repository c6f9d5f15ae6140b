// model/schema/checks.h - the rules that need more than one field of an object; named in the tables
// of fields.h.
//
//   object.h: an object's fields were read --> [ its check ] --> Problems, by the object's cursor
//
// Also what depends on order alone is brought into one form here, so that equal objects have equal
// text. What needs the file system, the store or the host is asked later (manager/deploy.cc).
//
// Threads:  pure, given a cursor. Errors: each adds its problems to the cursor of the object, all
//           of them; also an object that has some is finished. Tested by
//           model/manifest/manifest_test.cc.
#pragma once

#include "model/resource.h"
#include "model/schema/cursor.h"

namespace strata::model::schema {

// A read-only directory has a host path; a scratch directory has none.
void CheckDirGrant(const Cursor& at, DirGrant& grant);

// No two directories at one guest path; no destination twice.
void CheckGrants(const Cursor& at, Grants& grants);
void CheckVolume(const Cursor& at, Volume& volume);
// Of what hangs at a bus, which.
void CheckDevice(const Cursor& at, Device& device);
// Either an artifact or variants of it, as far as their spelling tells; classes that run one within
// the other; volumes and mounts that fit together.
void CheckWorkload(const Cursor& at, Workload& workload);

// Methods once each. Sorts them, so that order makes no difference between two versions.
void CheckHttpMatch(const Cursor& at, HttpMatch& match);

// Not less at most than at least; what is ready at all times is kept alive.
void CheckScale(const Cursor& at, Scale& scale);

// No two triggers that overlap; nothing is kept ready of what is wasm by its spelling.
void CheckFunction(const Cursor& at, FunctionSpec& spec);

// The same; and the guest is one that can serve more than one call. How many sandboxes there are is
// said once, and those that come and go with the load are always started again. Fills in the rest
// of `scale`.
void CheckService(const Cursor& at, ServiceSpec& spec);

// Exactly one way to find out, and a program to run if it is that one.
void CheckProbe(const Cursor& at, Probe& probe);

// A probe at least; liveness is believed after one success, as Kubernetes has it.
void CheckHealth(const Cursor& at, Health& health);

// Not both a revision and a class.
void CheckTarget(const Cursor& at, Target& target);

// At least one backend, no form of a workload twice, and some weight above zero.
void CheckRouteSpec(const Cursor& at, RouteSpec& spec);

}  // namespace strata::model::schema
