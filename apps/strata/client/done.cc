#include "client/done.h"

#include "output.h"

namespace strata::cli {

void PrintDone(Session& session, std::string_view action, std::string_view kind,
               std::string_view space, std::string_view name) {
  const auto format = session.format();
  if (!format) return session.Report(format.error());
  if (IsStructured(*format)) {
    return PrintValue({{"action", action}, {"kind", kind}, {"namespace", space}, {"name", name}},
                      *format);
  }
  Print(std::string(action) + " " + std::string(kind) + " " + std::string(name) + "\n");
}

}  // namespace strata::cli
