// sandbox/oci/metrics.h - what a OciDriver counts. Plain numbers on the driver's loop.
// All but `sandboxes_live` only grow.
#pragma once

#include "sandbox/call_metrics.h"

namespace strata::sandbox::oci {

using Metrics = CallMetrics;

}  // namespace strata::sandbox::oci
