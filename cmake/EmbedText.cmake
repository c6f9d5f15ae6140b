# Writes a C++ source that defines a function that returns the text of a file.
#
#   -DFROM=file -DTO=source -DHEADER=advisor/page/parts.h -DNAMESPACE=strata::advisor -DFUNCTION=PageStyle
#
# Split into literals, as a single one has a limit.
file(READ ${FROM} text)
string(LENGTH "${text}" length)
set(pieces "")
set(at 0)
while(at LESS length)
  string(SUBSTRING "${text}" ${at} 8000 piece)
  string(APPEND pieces "R\"embedded(${piece})embedded\"\n")
  math(EXPR at "${at} + 8000")
endwhile()
file(WRITE ${TO} "#include \"${HEADER}\"

namespace ${NAMESPACE} {

std::string_view ${FUNCTION}() noexcept {
  static constexpr char kText[] =
${pieces};
  return {kText, sizeof(kText) - 1};
}

}  // namespace ${NAMESPACE}
")
