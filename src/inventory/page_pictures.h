// inventory/page_pictures.h - the pictures of the advisor's page, by Graphviz where it is
// installed.
//
//   facts --advisor/graph--> DOT --> [ DrawForPage ] --> PageInput --> advisor::MakePage
//                                                        (strata report, GET /v1/advisor/report)
//
// Threads: any; a call blocks its thread for seconds, 40 at the most. Errors: those of graphviz.h,
// but not that it is not installed: then there are none. Tested by tests/e2e/page_test.py.
#pragma once

#include "advisor/page/page.h"
#include "base/result.h"

namespace strata::inventory {

// Fills in `pictures` and `whole`.
Result<void> DrawForPage(advisor::PageInput& page);

}  // namespace strata::inventory
