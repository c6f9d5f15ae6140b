// model/schema/fields.h - the schema of every kind, field by field: the one place that says which
// fields exist, what they may hold and what they mean in which unit.
//
//   manifest.cc --> [ kFunction, kService, kRoute ]: Read from a Cursor, Write as canonical JSON
//
// Defaults are those of the structs (model/resource.h, model/values.h); rules of several fields are
// checks.h's. A field that is not here is refused.
//
// Threads:  constants. Included by model/manifest/manifest.cc only. Tested by
// model/manifest/manifest_test.cc and
//           tests/fuzz/manifest_fuzz.cc.
#pragma once

#include "model/resource.h"
#include "model/rules.h"
#include "model/schema/checks.h"
#include "model/schema/codec.h"
#include "model/schema/object.h"

namespace strata::model::schema {

inline constexpr Choice<GuestKind, 4> kGuest{GuestKindName};
inline constexpr Choice<Class, 4> kClass{ClassName};
inline constexpr Choice<Level, 3> kLevel{LevelName};
inline constexpr Choice<DeviceKind, 4> kDeviceKind{DeviceKindName};
inline constexpr Choice<PlacementBy, 2> kPlacementBy{PlacementByName};
inline constexpr Choice<Priority, 3> kPriority{PriorityName};
inline constexpr Choice<Restart, 3> kRestart{RestartName};
inline constexpr Choice<DirGrant::Mode, 2> kDirMode{DirModeName};

inline constexpr auto kMetadata = ObjectOf<ObjectMeta>(
    nullptr, Field{"name", &ObjectMeta::name, Text{DnsLabelProblem}, Presence::kRequired},
    Field{"namespace", &ObjectMeta::tenant, Text{DnsLabelProblem}},
    Field{"labels", &ObjectMeta::labels, TextMap{LabelKeyProblem, Text{LabelValueProblem}, 64}},
    Field{"annotations", &ObjectMeta::annotations,
          TextMap{LabelKeyProblem, Text{AnnotationProblem}, 64}},
    // What kubectl and `strata get` print and nobody may set.
    Ignored{"uid"}, Ignored{"creationTimestamp"}, Ignored{"resourceVersion"},
    Ignored{"generation"});

inline constexpr auto kLimits =
    ObjectOf<Limits>(nullptr, Field{"memory_mib", &Limits::memory, Mebibytes(1, 4096)},
                     Field{"table_elements", &Limits::table_elements, Count{0, kMostTableElements}},
                     Field{"cpu_time_ms", &Limits::cpu_time, Milliseconds{1, 3'600'000}},
                     Field{"timeout_ms", &Limits::timeout, Milliseconds{1, 86'400'000}},
                     Field{"concurrency", &Limits::concurrency, Count{1, 100'000}},
                     Field{"request_kib", &Limits::request, Kibibytes(0, 4'194'304)},
                     Field{"response_kib", &Limits::response, Kibibytes(0, 4'194'304)},
                     Field{"host_calls", &Limits::host_calls, Count{0, 4096}});

inline constexpr auto kDirGrant = ObjectOf<DirGrant>(
    CheckDirGrant, Field{"host", &DirGrant::host, TextOrAbsent{HostPathProblem}},
    Field{"guest", &DirGrant::guest, Text{GuestPathProblem}, Presence::kRequired},
    Field{"mode", &DirGrant::mode, kDirMode});

inline constexpr auto kGrants = ObjectOf<Grants>(
    CheckGrants,
    Field{"http", &Grants::http, ListOf{Spelled<HttpGrant>{ParseHttpGrant, HttpGrantToString}, 64}},
    Field{"dirs", &Grants::dirs, ListOf{kDirGrant, 16}});

inline constexpr auto kNamedVolume = ObjectOf<NamedVolume>(
    nullptr, Field{"volume", &NamedVolume::volume, Text{DnsLabelProblem}, Presence::kRequired},
    // 8 MiB: mkfs.ext4 makes no journal in less.
    Field{"size_mib", &NamedVolume::size, Mebibytes(8, 1 << 20), Presence::kRequired},
    Field{"retain", &NamedVolume::retain, Flag{}});

inline constexpr auto kHostVolume = ObjectOf<HostVolume>(
    nullptr, Field{"path", &HostVolume::path, Text{HostPathProblem}, Presence::kRequired},
    Field{"read_only", &HostVolume::read_only, Flag{}});

inline constexpr auto kTmpfsVolume = ObjectOf<TmpfsVolume>(
    nullptr, Field{"size_mib", &TmpfsVolume::size, Mebibytes(1, 1 << 20), Presence::kRequired});

inline constexpr auto kVolume = ObjectOf<Volume>(
    CheckVolume, Field{"name", &Volume::name, Text{DnsLabelProblem}, Presence::kRequired},
    Field{"named", &Volume::named, Maybe{kNamedVolume}},
    Field{"host", &Volume::host, Maybe{kHostVolume}},
    Field{"tmpfs", &Volume::tmpfs, Maybe{kTmpfsVolume}});

inline constexpr auto kMount = ObjectOf<Mount>(
    nullptr, Field{"volume", &Mount::volume, Text{DnsLabelProblem}, Presence::kRequired},
    Field{"mount", &Mount::mount, Text{MountPathProblem}, Presence::kRequired},
    Field{"read_only", &Mount::read_only, Flag{}});

inline constexpr auto kDevice =
    ObjectOf<Device>(CheckDevice, Field{"kind", &Device::kind, kDeviceKind, Presence::kRequired},
                     Field{"id", &Device::id, TextOrAbsent{DeviceIdProblem}});

inline constexpr auto kRequires =
    ObjectOf<Requires>(nullptr, Field{"security", &Requires::security, kLevel},
                       Field{"compatibility", &Requires::compatibility, kLevel},
                       Field{"performance", &Requires::performance, kLevel});

inline constexpr auto kSlo =
    ObjectOf<Slo>(nullptr, Field{"p99_ms", &Slo::p99, Maybe{Milliseconds{1, 3'600'000}}},
                  Field{"cold_start_ms", &Slo::cold_start, Maybe{Milliseconds{1, 3'600'000}}},
                  Field{"qps", &Slo::qps, Maybe{Count{1, 1'000'000'000}}},
                  Field{"availability", &Slo::availability, Maybe{Percent{10'000, 999'999}}});

inline constexpr auto kBudget =
    ObjectOf<Budget>(nullptr, Field{"usd_cents", &Budget::cents, Maybe{Count{0, 1'000'000'000}}});

inline constexpr auto kVariant = ObjectOf<Variant>(
    nullptr, Field{"artifact", &Variant::artifact, Text{ArtifactProblem}, Presence::kRequired});

inline constexpr auto kWorkload = ObjectOf<Workload>(
    CheckWorkload, Field{"artifact", &Workload::artifact, TextOrAbsent{ArtifactProblem}},
    Field{"variants", &Workload::variants, ListOf{kVariant, 2}},
    Field{"class", &Workload::sandbox_class, OrAuto{kClass}},
    Field{"within", &Workload::within, Maybe{Outer{}}}, Field{"guest", &Workload::guest, kGuest},
    Field{"limits", &Workload::limits, kLimits},
    Field{"env", &Workload::env, TextMap{EnvNameProblem, Text{EnvValueProblem}, 256}},
    Field{"grants", &Workload::grants, kGrants},
    Field{"volumes", &Workload::volumes, ListOf{kVolume, 16}},
    Field{"mounts", &Workload::mounts, ListOf{kMount, 16}},
    Field{"devices", &Workload::devices, ListOf{kDevice, 16}},
    Field{"requires", &Workload::requires_, kRequires}, Field{"slo", &Workload::slo, kSlo},
    Field{"budget", &Workload::budget, kBudget},
    Field{"placement", &Workload::placement, kPlacementBy},
    Field{"priority", &Workload::priority, kPriority});

inline constexpr auto kHeaderMatch = ObjectOf<HeaderMatch>(
    nullptr,
    Field{"name", &HeaderMatch::name, NormalText{NormalizeHeaderName}, Presence::kRequired},
    Field{"value", &HeaderMatch::value, Text{HeaderValueProblem}, Presence::kRequired});

inline constexpr auto kHttpMatch = ObjectOf<HttpMatch>(
    CheckHttpMatch, Field{"host", &HttpMatch::host, NormalText{NormalizeHost}},
    Field{"path", &HttpMatch::path, NormalText{NormalizePath}, Presence::kRequired},
    Field{"methods", &HttpMatch::methods, ListOf{Text{MethodProblem}, 32}},
    Field{"headers", &HttpMatch::headers, ListOf{kHeaderMatch, 8}});

inline constexpr auto kTriggers = ListOf{Under{"http", kHttpMatch}, 64};

inline constexpr auto kFunctionScale =
    ObjectOf<Scale>(CheckScale, Field{"min", &Scale::min, Maybe{Count{0, 16}}},
                    Field{"max", &Scale::max, Maybe{Count{0, 16}}},
                    Field{"keep_alive", &Scale::keep_alive, KeepAlive{}});

inline constexpr auto kFunction =
    ObjectOf<FunctionSpec>(CheckFunction, Inline{&FunctionSpec::workload, kWorkload},
                           Field{"triggers", &FunctionSpec::triggers, kTriggers},
                           Field{"scale", &FunctionSpec::scale, kFunctionScale});

inline constexpr auto kHttpGet =
    ObjectOf<HttpGet>(nullptr, Field{"path", &HttpGet::path, Text{RequestPathProblem}},
                      Field{"port", &HttpGet::port, Count{0, 65'535}});

inline constexpr auto kTcpSocket =
    ObjectOf<TcpSocket>(nullptr, Field{"port", &TcpSocket::port, Count{0, 65'535}});

inline constexpr auto kExecAction = ObjectOf<ExecAction>(
    nullptr,
    Field{"command", &ExecAction::command, ListOf{Text{WordProblem}, 64}, Presence::kRequired});

inline constexpr auto kProbe =
    ObjectOf<Probe>(CheckProbe, Field{"httpGet", &Probe::http_get, Maybe{kHttpGet}},
                    Field{"tcpSocket", &Probe::tcp_socket, Maybe{kTcpSocket}},
                    Field{"exec", &Probe::exec, Maybe{kExecAction}},
                    Field{"initial_delay_ms", &Probe::initial_delay, Milliseconds{0, 60'000}},
                    Field{"period_ms", &Probe::period, Milliseconds{100, 600'000}},
                    Field{"timeout_ms", &Probe::timeout, Milliseconds{1, 60'000}},
                    Field{"successThreshold", &Probe::success_threshold, Count{1, 100}},
                    Field{"failureThreshold", &Probe::failure_threshold, Count{1, 100}});

inline constexpr auto kHealth =
    ObjectOf<Health>(CheckHealth, Field{"readiness", &Health::readiness, Maybe{kProbe}},
                     Field{"liveness", &Health::liveness, Maybe{kProbe}});

inline constexpr std::uint64_t kMostReplicas = 1000;

inline constexpr auto kServiceScale =
    ObjectOf<Scale>(CheckScale, Field{"min", &Scale::min, Maybe{Count{0, kMostReplicas}}},
                    Field{"max", &Scale::max, Maybe{Count{1, kMostReplicas}}},
                    Field{"concurrency", &Scale::concurrency, Maybe{Count{1, 100'000}}},
                    Field{"keep_alive", &Scale::keep_alive, KeepAlive{}});

inline constexpr auto kService = ObjectOf<ServiceSpec>(
    CheckService, Inline{&ServiceSpec::workload, kWorkload},
    Field{"triggers", &ServiceSpec::triggers, kTriggers},
    Field{"port", &ServiceSpec::port, Count{1, 65'535}},
    Field{"replicas", &ServiceSpec::replicas, Maybe{Count{0, kMostReplicas}}},
    Field{"scale", &ServiceSpec::scale, Maybe{kServiceScale}},
    Field{"health", &ServiceSpec::health, Maybe{kHealth}},
    Field{"restart", &ServiceSpec::restart, kRestart},
    Field{"stop_timeout_ms", &ServiceSpec::stop_timeout, Milliseconds{0, 300'000}});

inline constexpr auto kTarget = ObjectOf<Target>(
    CheckTarget, Field{"revision", &Target::revision, Maybe{Count{1, 4'294'967'295}}},
    Field{"class", &Target::sandbox_class, Maybe{kClass}});

inline constexpr auto kBackend = ObjectOf<Backend>(
    nullptr, Field{"function", &Backend::function, Text{DnsLabelProblem}, Presence::kRequired},
    Inline{&Backend::target, kTarget}, Field{"weight", &Backend::weight, Count{0, 1'000'000}});

inline constexpr auto kSplitBy = ObjectOf<SplitBy>(
    nullptr,
    Field{"header", &SplitBy::header, NormalText{NormalizeHeaderName}, Presence::kRequired});

inline constexpr auto kMirror = ObjectOf<Mirror>(
    nullptr, Field{"function", &Mirror::function, Text{DnsLabelProblem}, Presence::kRequired},
    Inline{&Mirror::target, kTarget}, Field{"percent", &Mirror::percent, Count{1, 100}});

inline constexpr auto kRoute =
    ObjectOf<RouteSpec>(CheckRouteSpec, Inline{&RouteSpec::match, kHttpMatch},
                        Field{"backends", &RouteSpec::backends, ListOf{kBackend, 32}},
                        Field{"split", &RouteSpec::split, Maybe{kSplitBy}},
                        Field{"mirror", &RouteSpec::mirror, Maybe{kMirror}});

}  // namespace strata::model::schema
