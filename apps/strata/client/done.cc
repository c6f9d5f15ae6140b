#include "client/done.h"

#include "output.h"

namespace strata::cli {

void PrintDone(Session& session, std::string_view action, std::string_view kind,
               std::string_view space, std::string_view name, std::string_view service) {
  const auto format = session.format();
  if (!format) return session.Report(format.error());
  if (IsStructured(*format)) {
    Json done{{"action", action}, {"kind", kind}, {"namespace", space}, {"name", name}};
    if (!service.empty()) done["service"] = service;
    return PrintValue(done, *format);
  }
  const std::string of = service.empty() ? "" : " of service " + std::string(service);
  Print(std::string(action) + " " + std::string(kind) + " " + std::string(name) + of + "\n");
}

}  // namespace strata::cli
