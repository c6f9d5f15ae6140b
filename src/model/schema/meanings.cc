#include "model/schema/meanings.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "base/check.h"

namespace strata::model::schema {
namespace {

constexpr std::string_view kImages = "images";  // all but wasm
constexpr std::string_view kNoPair = "all but container-in-microvm";

constexpr auto kMeanings = std::to_array<Meaning>({
    {kMetadataPart, "name", "Its name. Functions and Services of a namespace share one name space"},
    {kMetadataPart, "namespace",
     "Whose it is: each namespace has processes and volumes of its own"},
    {kMetadataPart, "labels", "Kept and shown; Strata does not read them"},
    {kMetadataPart, "annotations", "Kept and shown; Strata does not read them"},

    {kWorkloadPart, "artifact",
     "What runs: a file (`./f.wasm`), `oci:LAYOUT[:TAG]`, `oci-archive:FILE[:TAG]`, "
     "`docker-archive:FILE[:NAME:TAG]` or `oci://HOST/NAME[:TAG]`. Relative to the manifest"},
    {kWorkloadPart, "variants",
     "Instead of `artifact`: the same program as wasm and as an image, one of each at most"},
    {kWorkloadPart, "variants[].artifact", "One of them"},
    {kWorkloadPart, "class", "Where it runs; `auto`: the scheduler chooses"},
    {kWorkloadPart, "within", "The class around that one: a container in a virtual machine",
     "container"},
    {kWorkloadPart, "guest",
     "What the artifact is. `auto`: wasm is looked at; an image is a command in a Function and a "
     "server in a Service. `http` of an image makes a Function one server for all calls. `module`: "
     "wasm only"},
    {kWorkloadPart, "limits", "What one sandbox or one call may use"},
    {kWorkloadPart, "limits.memory_mib",
     "Memory of a sandbox. The server allows `--max-memory-mib` (512) at most; each class has "
     "bounds, too"},
    {kWorkloadPart, "limits.table_elements", "Elements of all tables of a sandbox together",
     "wasm"},
    {kWorkloadPart, "limits.cpu_time_ms",
     "CPU time of a call. A Service in an image has none and refuses another value"},
    {kWorkloadPart, "limits.timeout_ms", "Time of a call, waiting included"},
    {kWorkloadPart, "limits.concurrency", "Calls at once in one cell; the next is answered 429"},
    {kWorkloadPart, "limits.request_kib", "Body of a request"},
    {kWorkloadPart, "limits.response_kib", "Body of a response"},
    {kWorkloadPart, "limits.host_calls",
     "Outgoing requests (wasm) or connections (images) that a sandbox has open at once"},
    {kWorkloadPart, "env", "Environment variables. A bare wasm module sees none"},
    {kWorkloadPart, "grants", "What a sandbox may reach; without it nothing"},
    {kWorkloadPart, "grants.http", "Hosts that it may connect to, each with its port"},
    {kWorkloadPart, "grants.dirs", "Directories that it sees", kNoPair},
    {kWorkloadPart, "grants.dirs[].host",
     "A directory of the host, for `mode: ro`. Relative to the manifest",
     "wasm, container, appkernel"},
    {kWorkloadPart, "grants.dirs[].guest", "Where the sandbox sees it"},
    {kWorkloadPart, "grants.dirs[].mode",
     "`ro`: the host's, to be read; `scratch`: empty, each sandbox's own, gone with it"},
    {kWorkloadPart, "volumes", "Storage; each is one of `named`, `host` and `tmpfs`", kNoPair},
    {kWorkloadPart, "volumes[].name", "By which `mounts` names it"},
    {kWorkloadPart, "volumes[].named", "A file system that outlives its sandboxes"},
    {kWorkloadPart, "volumes[].named.volume", "Its name in the namespace"},
    {kWorkloadPart, "volumes[].named.size_mib",
     "Taken from the disk at once; 8 MiB is the least that holds a journal"},
    {kWorkloadPart, "volumes[].named.retain",
     "Keep it when no workload names it any more; else it is deleted then"},
    {kWorkloadPart, "volumes[].host", "A directory of the host", "wasm, container, appkernel"},
    {kWorkloadPart, "volumes[].host.path", "Which one. Relative to the manifest"},
    {kWorkloadPart, "volumes[].host.read_only", "`false` is refused by class wasm"},
    {kWorkloadPart, "volumes[].tmpfs", "Memory, empty, each sandbox's own"},
    {kWorkloadPart, "volumes[].tmpfs.size_mib", "How much"},
    {kWorkloadPart, "mounts",
     "Where the sandbox sees its volumes; each of them is mounted somewhere", kNoPair},
    {kWorkloadPart, "mounts[].volume", "One of `volumes`"},
    {kWorkloadPart, "mounts[].mount", "Where; not in another mount, `/proc`, `/sys` or `/dev`"},
    {kWorkloadPart, "mounts[].read_only", "The sandbox may not write there"},
    {kWorkloadPart, "devices", "Hardware of the host; refused by every class today", "none"},
    {kWorkloadPart, "devices[].kind", "What it is"},
    {kWorkloadPart, "devices[].id",
     "Vendor and product, as `lspci -n` shows them; `usb` and `pci` need one", "none", "any"},
    {kWorkloadPart, "requires", "What the scheduler has to look for"},
    {kWorkloadPart, "requires.security",
     "`medium`: not the host's kernel; `high`: a virtual machine. A floor also for a named class"},
    {kWorkloadPart, "requires.compatibility", "`high`: a whole virtual machine"},
    {kWorkloadPart, "requires.performance",
     "`high`: a Function that has a wasm variant runs as wasm"},
    {kWorkloadPart, "slo",
     "What a class has to meet; one that was measured to miss it is left out"},
    {kWorkloadPart, "slo.p99_ms", "The slowest hundredth of calls begins here"},
    {kWorkloadPart, "slo.cold_start_ms", "The same of calls that waited for their sandbox"},
    {kWorkloadPart, "slo.qps", "Calls a second that it has to carry"},
    {kWorkloadPart, "slo.availability", "Share of calls that have to succeed"},
    {kWorkloadPart, "budget", "What running it may cost"},
    {kWorkloadPart, "budget.usd_cents",
     "US cents for a million calls; of a Service for a replica's month"},
    {kWorkloadPart, "placement",
     "`rule`: the class that `requires` leads to, whatever it costs; `cost`: the cheapest that "
     "does"},
    {kWorkloadPart, "priority",
     "Whose requests go first in a namespace's line: for a sandbox of an image, or in a front; "
     "without a front wasm has no line"},

    {kFunctionPart, "triggers", "Where its requests come from; each is a route of its own"},
    {kFunctionPart, "triggers[].http", "Requests that match"},
    {kFunctionPart, "scale", "Sandboxes that are made before their calls", kImages},
    {kFunctionPart, "scale.min", "So many wait at all times; 32 of a namespace together", kImages,
     "`0`"},
    {kFunctionPart, "scale.max", "No more wait", kImages, "`2`, or `min`"},
    {kFunctionPart, "scale.keep_alive",
     "How long one waits for the next call; `auto` learns it, `0s`: not at all", kImages},

    {kServicePart, "triggers", "Where its requests come from; each is a route of its own"},
    {kServicePart, "triggers[].http", "Requests that match"},
    {kServicePart, "port", "Where its program listens; in `PORT`, too", kImages},
    {kServicePart, "replicas", "Sandboxes that serve it; not beside `scale`", kImages, "`1`"},
    {kServicePart, "scale", "As many sandboxes as the load needs, instead of `replicas`", kImages},
    {kServicePart, "scale.min", "So many run at all times; `0`: it goes to zero", kImages, "`0`"},
    {kServicePart, "scale.max", "No more run", kImages, "`10`, or `min`"},
    {kServicePart, "scale.concurrency", "Requests at once that one replica is meant for", kImages,
     "`50`"},
    {kServicePart, "scale.keep_alive",
     "How long the last replica stays without a request; `auto` learns it", kImages},
    {kServicePart, "health", "How it is found out whether a replica is well", kImages},
    {kServicePart, "health.readiness", "Not well: it gets no requests", kImages,
     "`port` accepts a connection"},
    {kServicePart, "health.liveness", "Not well: it is stopped and started again", kImages,
     "its program runs"},
    {kServicePart, "restart", "What becomes of a replica that ended; `always` with `scale`",
     kImages},
    {kServicePart, "stop_timeout_ms", "From SIGTERM to SIGKILL", kImages},

    {kRoutePart, "backends",
     "Where its requests go, by weight; `function` names a Function or a Service"},
    {kRoutePart, "backends[].function", "Of this namespace"},
    {kRoutePart, "backends[].revision", "That revision, in the class in which it ran", "all",
     "the current one"},
    {kRoutePart, "backends[].class", "The newest revision in that class; not beside `revision`",
     "all", "the one it is in"},
    {kRoutePart, "backends[].weight", "Its share is this of the sum of all; that is above 0"},
    {kRoutePart, "split", "Requests with one value of a header go to one backend", "all",
     "at random"},
    {kRoutePart, "split.header", "Which header"},
    {kRoutePart, "mirror", "What gets a copy of requests; its responses are compared and dropped"},
    {kRoutePart, "mirror.function", "A Function or Service of this namespace"},
    {kRoutePart, "mirror.revision", "As of a backend", "all", "the current one"},
    {kRoutePart, "mirror.class", "As of a backend", "all", "the one it is in"},
    {kRoutePart, "mirror.percent", "Of the requests"},

    {kMatchPart, "host", "An exact name, in any case; `*`: every host. No wildcard within a name"},
    {kMatchPart, "path", "A prefix, by segments: `/a` is `/a` and `/a/b`, not `/ab`"},
    {kMatchPart, "methods", "Which ones", "all", "every method"},
    {kMatchPart, "headers", "All of them have to be there, once, with exactly that value"},
    {kMatchPart, "headers[].name",
     "In any case. Not `host` and what belongs to a connection (`content-length`, ...)"},
    {kMatchPart, "headers[].value", "Exactly"},

    {kProbePart, "httpGet", "Well: an answer from 200 to 399"},
    {kProbePart, "httpGet.path", "With its query"},
    {kProbePart, "httpGet.port", "`0`: the Service's `port`"},
    {kProbePart, "tcpSocket", "Well: a connection is accepted"},
    {kProbePart, "tcpSocket.port", "`0`: the Service's `port`"},
    {kProbePart, "exec", "Well: exit code 0"},
    {kProbePart, "exec.command", "A program in the sandbox and its arguments; no shell"},
    {kProbePart, "initial_delay_ms", "After the program's start"},
    {kProbePart, "period_ms", "From the end of one try to the next"},
    {kProbePart, "timeout_ms", "A try that takes longer has failed"},
    {kProbePart, "successThreshold", "In a row, to be well again; `1` in `liveness`"},
    {kProbePart, "failureThreshold", "In a row, to be well no more"},
});

}  // namespace

std::span<const Meaning> Meanings() noexcept { return kMeanings; }

const Meaning* FindMeaning(std::string_view part, std::string_view path) noexcept {
  const auto* const found = std::ranges::find_if(
      kMeanings, [&](const Meaning& each) { return each.part == part && each.path == path; });
  return found == kMeanings.end() ? nullptr : found;
}

const Meaning& MeaningOf(std::string_view part, std::string_view path) {
  const Meaning* const found = FindMeaning(part, path);
  STRATA_CHECK(found != nullptr && "a field of fields.h has no meaning");
  return *found;
}

}  // namespace strata::model::schema
