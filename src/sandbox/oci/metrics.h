// sandbox/oci/metrics.h - what an OciDriver counts: what every driver does (call_metrics.h), and
// nothing more.
//
// Threads:  plain numbers on the driver's loop. All but `sandboxes_live` only grow.
#pragma once

#include "sandbox/call/call_metrics.h"

namespace strata::sandbox::oci {

using Metrics = CallMetrics;

}  // namespace strata::sandbox::oci
