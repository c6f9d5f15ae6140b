# Writes a C++ source that defines api::OpenApiDocument() from a JSON file. Split into literals, as a
# single one has a limit.
file(READ ${FROM} text)
string(LENGTH "${text}" length)
set(pieces "")
set(at 0)
while(at LESS length)
  string(SUBSTRING "${text}" ${at} 8000 piece)
  string(APPEND pieces "R\"openapi(${piece})openapi\"\n")
  math(EXPR at "${at} + 8000")
endwhile()
file(WRITE ${TO} "#include \"api/server.h\"

namespace strata::api {

std::string_view OpenApiDocument() noexcept {
  static constexpr char kText[] =
${pieces};
  return {kText, sizeof(kText) - 1};
}

}  // namespace strata::api
")
