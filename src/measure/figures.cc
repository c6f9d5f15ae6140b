#include "measure/figures.h"

#include "base/quantile.h"

namespace strata::measure {

ClassFigures FiguresOf(const Record& record, std::string_view in) {
  ClassFigures figures;
  figures.sandbox_class = in;
  const auto take = [&](std::string_view row, double share, double& to) {
    const Series* series = record.Find(row, in);
    if (series != nullptr && !series->samples.empty()) {
      to = Quantile(Sorted(series->samples), share);
    } else if (figures.lacking.empty()) {
      figures.lacking = series == nullptr ? "was not measured" : series->lacking;
    }
  };
  take("warm_up", 0.5, figures.deploy_ms);
  take("cold_start", 0.5, figures.first_ms);
  take("memory", 1, figures.memory_mib);
  take("call_cpu", 0.5, figures.cpu_ms);
  double median = 0;
  take("warm_start", 0.5, median);
  if (figures.lacking.empty()) figures.call_ms = record.Find("warm_start", in)->samples;
  return figures;
}

Json ToJson(const ClassFigures& figures) {
  if (!figures.lacking.empty()) {
    return {{"class", figures.sandbox_class}, {"lacking", figures.lacking}};
  }
  const std::vector<double> calls = Sorted(figures.call_ms);
  return {{"class", figures.sandbox_class}, {"deploy_ms", figures.deploy_ms},
          {"first_ms", figures.first_ms},   {"p50_ms", Quantile(calls, 0.5)},
          {"p90_ms", Quantile(calls, 0.9)}, {"p99_ms", Quantile(calls, 0.99)},
          {"max_ms", Quantile(calls, 1)},   {"memory_mib", figures.memory_mib},
          {"cpu_ms", figures.cpu_ms},       {"calls", figures.call_ms.size()}};
}

}  // namespace strata::measure
