// advisor/models/report.h - what `strata model` answers: a run as sections of a Report, and the
// list of all models.
//
//   ModelRun (run.h) --> [ ReportOf ] --> report/render.h, the API, the page
//
// Threads:  pure. Errors: none: what went wrong in a run is in its report. Tested by report_test.cc
//           and tests/advisor/models_test.py.
#pragma once

#include "advisor/models/run.h"
#include "advisor/report/report.h"
#include "measure/record.h"

namespace strata::advisor::models {

// Sections "formula", "symbols", "parameters", "results" (with the plot), "checks", "stated", what
// was measured here (beside.h), "sensitivity" (with the tornado) and "uncertainty" (with the
// histogram); those that a model has nothing for are left out.
Report ReportOf(const ModelRun& run, const measure::Record& record = {});

// One row a model: its id, name, kind, how many parameters, and what became of its claims.
Report ListModels();

}  // namespace strata::advisor::models
