#include "model/manifest/reference.h"

#include <string>
#include <string_view>
#include <vector>

#include "base/text/json.h"
#include "model/schema/fields.h"
#include "model/schema/meanings.h"
#include "model/schema/reference.h"

namespace strata::model {
namespace {

using schema::FieldRow;
using schema::Meaning;

struct Part {
  std::string_view name;
  std::string_view heading;
  std::vector<FieldRow> rows;
};

std::vector<Part> Parts() {
  return {
      {schema::kMetadataPart, "`metadata`", schema::RowsOf(schema::kMetadata)},
      {schema::kWorkloadPart, "`spec` of a Function or a Service",
       schema::RowsOf(schema::kWorkload)},
      {schema::kFunctionPart, "`spec` of a Function, beside those",
       schema::RowsOf(schema::kFunction)},
      {schema::kServicePart, "`spec` of a Service, beside those", schema::RowsOf(schema::kService)},
      {schema::kRoutePart, "`spec` of a Route, beside those of a match",
       schema::RowsOf(schema::kRoute)},
      {schema::kMatchPart, "A match", schema::RowsOf(schema::kHttpMatch)},
      {schema::kProbePart, "A probe", schema::RowsOf(schema::kProbe)},
  };
}

std::string OtherwiseOf(const FieldRow& row, const Meaning& meaning) {
  return meaning.otherwise.empty() ? row.otherwise : std::string(meaning.otherwise);
}

}  // namespace

std::string FieldReference() {
  std::string text;
  for (const Part& part : Parts()) {
    text += (text.empty() ? "## " : "\n## ") + std::string(part.heading) +
            "\n\n| field | type | values | default | classes | meaning |\n"
            "| --- | --- | --- | --- | --- | --- |\n";
    for (const FieldRow& row : part.rows) {
      const Meaning& meaning = schema::MeaningOf(part.name, row.path);
      text += "| `" + row.path + "` | " + row.type + " | " + row.values + " | " +
              OtherwiseOf(row, meaning) + " | " + std::string(meaning.classes) + " | " +
              std::string(meaning.text) + " |\n";
    }
  }
  return text;
}

Json FieldReferenceToJson() {
  Json list = Json::array();
  for (const Part& part : Parts()) {
    for (const FieldRow& row : part.rows) {
      const Meaning& meaning = schema::MeaningOf(part.name, row.path);
      list.push_back({{"part", part.name},
                      {"field", row.path},
                      {"type", row.type},
                      {"values", row.values},
                      {"default", OtherwiseOf(row, meaning)},
                      {"classes", meaning.classes},
                      {"meaning", meaning.text}});
    }
  }
  return list;
}

}  // namespace strata::model
