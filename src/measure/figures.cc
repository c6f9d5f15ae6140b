#include "measure/figures.h"

#include <algorithm>
#include <cstddef>

namespace strata::measure {

ClassFigures FiguresOf(const Record& record, std::string_view in) {
  ClassFigures figures;
  figures.sandbox_class = in;
  const auto take = [&](std::string_view row, double share, double& to) {
    const Series* series = record.Find(row, in);
    if (series != nullptr && !series->samples.empty()) {
      to = Percentile(series->samples, share);
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

double Percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  const auto at = static_cast<std::size_t>(share * static_cast<double>(values.size()));
  const auto nth = values.begin() + static_cast<std::ptrdiff_t>(std::min(at, values.size() - 1));
  std::nth_element(values.begin(), nth, values.end());
  return *nth;
}

Json ToJson(const ClassFigures& figures) {
  if (!figures.lacking.empty()) {
    return {{"class", figures.sandbox_class}, {"lacking", figures.lacking}};
  }
  return {{"class", figures.sandbox_class},
          {"deploy_ms", figures.deploy_ms},
          {"first_ms", figures.first_ms},
          {"p50_ms", Percentile(figures.call_ms, 0.5)},
          {"p90_ms", Percentile(figures.call_ms, 0.9)},
          {"p99_ms", Percentile(figures.call_ms, 0.99)},
          {"max_ms", Percentile(figures.call_ms, 1)},
          {"memory_mib", figures.memory_mib},
          {"cpu_ms", figures.cpu_ms},
          {"calls", figures.call_ms.size()}};
}

}  // namespace strata::measure
