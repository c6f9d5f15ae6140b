// kube/shim/messages.h - the messages of containerd's API that a shim sends and takes, under short
// names. Their descriptions are in kube/proto, from which protoc makes the headers.
//
// One header for all of them, so that the names are said once. Only kube/shim includes it.
#pragma once

#include "events/task.pb.h"                        // IWYU pragma: export
#include "runtime/bootstrap/v1/bootstrap.pb.h"     // IWYU pragma: export
#include "runtime/sandbox/v1/sandbox.pb.h"         // IWYU pragma: export
#include "runtime/task/v3/shim.pb.h"               // IWYU pragma: export
#include "services/containers/v1/containers.pb.h"  // IWYU pragma: export
#include "services/content/v1/content.pb.h"        // IWYU pragma: export
#include "services/images/v1/images.pb.h"          // IWYU pragma: export
#include "services/sandbox/v1/sandbox.pb.h"        // IWYU pragma: export
#include "services/ttrpc/events/v1/events.pb.h"    // IWYU pragma: export
#include "types/introspection.pb.h"                // IWYU pragma: export

namespace strata::kube::shim {

namespace bootstrap_api = ::containerd::runtime::bootstrap::v1;
namespace task_api = ::containerd::task::v3;
namespace sandbox_api = ::containerd::runtime::sandbox::v1;
namespace event_api = ::containerd::events;
namespace forward_api = ::containerd::services::events::ttrpc::v1;
namespace containers_api = ::containerd::services::containers::v1;
namespace content_api = ::containerd::services::content::v1;
namespace images_api = ::containerd::services::images::v1;
namespace store_api = ::containerd::services::sandbox::v1;
namespace type_api = ::containerd::types;

}  // namespace strata::kube::shim
