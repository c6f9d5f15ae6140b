#include "model/manifest/yaml_writer.h"

#include <limits>
#include <string>

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "base/text/json.h"

namespace strata::model {
namespace {

TEST(YamlWriterTest, MapsAndListsAreBlocks) {
  const Json value{{"a", {{"b", 1}, {"c", {true, nullptr, "x"}}}},
                   {"d", {{{"e", 1}, {"f", "g h"}}, {1, {2, 3}}}}};
  EXPECT_EQ(ToYaml(value),
            "a:\n  b: 1\n  c:\n    - true\n    - null\n    - x\n"
            "d:\n  - e: 1\n    f: \"g h\"\n  - - 1\n    - - 2\n      - 3\n");
}

TEST(YamlWriterTest, WhatIsEmptyIsSaidToBe) {
  EXPECT_EQ(ToYaml(Json::object()), "{}\n");
  EXPECT_EQ(ToYaml({{"a", Json::array()}, {"b", Json::object()}, {"c", ""}}),
            "a: []\nb: {}\nc: \"\"\n");
  EXPECT_EQ(ToYaml(Json::array({Json::array()})), "- []\n");
  EXPECT_EQ(ToYaml(nullptr), "null\n");
}

TEST(YamlWriterTest, OnlyWhatIsAStringToEveryReaderHasNoQuotes) {
  for (const char* plain : {"a", "a.b-c_d/e", "/etc", ".hidden", "_x", "none", "Yesterday"}) {
    EXPECT_EQ(ToYaml(plain), std::string(plain) + "\n");
  }
  for (const char* quoted : {"",    "yes", "No",   "on",  "y",          "null",     "~",     "true",
                             "128", "1.0", "0x1F", "1e3", "2025-11-27", "12:30:45", "1_000", ".inf",
                             ".5",  "-",   "-a",   "a b", "a: b",       "#",        "=",     "<<",
                             "*a",  "&a",  "!a",   "|",   "%",          "@",        "ü"}) {
    EXPECT_EQ(ToYaml(quoted), "\"" + std::string(quoted) + "\"\n");
  }
  EXPECT_EQ(ToYaml({{"no", 1}, {"7", 2}}), "\"7\": 2\n\"no\": 1\n") << "keys, too";
}

TEST(YamlWriterTest, WhatIsNotPrintableIsEscaped) {
  EXPECT_EQ(ToYaml("a\x1b\n\t\"\\"), "\"a\\u001b\\n\\t\\\"\\\\\"\n");
  EXPECT_EQ(ToYaml("\x7f \u0080\u009f\u00a0"), "\"\\u007f \\u0080\\u009f\u00a0\"\n");
  EXPECT_EQ(ToYaml("\u2027\u2028\u2029\u202a"), "\"\u2027\\u2028\\u2029\u202a\"\n");
  EXPECT_EQ(ToYaml("\ufeff\ufffe\uffff\ufffd"), "\"\\ufeff\\ufffe\\uffff\ufffd\"\n");
  EXPECT_EQ(ToYaml("\xff"), "\"\ufffd\"\n") << "no UTF-8";
  EXPECT_EQ(ToYaml({{"\x7f", 1}, {"\u0085", 2}}), "\"\\u007f\": 1\n\"\\u0085\": 2\n");
}

TEST(YamlWriterTest, NumbersStayNumbers) {
  EXPECT_EQ(ToYaml(1e30), "1.0e+30\n");
  EXPECT_EQ(ToYaml(-1.5e-30), "-1.5e-30\n");
  EXPECT_EQ(ToYaml(2.5), "2.5\n");
  EXPECT_EQ(ToYaml(std::numeric_limits<double>::quiet_NaN()), "null\n");
}

TEST(YamlWriterTest, AnyTextReadsBack) {
  for (char32_t code = 1; code < 0x300; ++code) {
    const std::string text = code < 0x80 ? std::string(1, static_cast<char>(code))
                                         : std::string{static_cast<char>(0xc0 | code >> 6),
                                                       static_cast<char>(0x80 | (code & 0x3f))};
    for (const std::string& each : {text, "a" + text, text + "1", "a " + text + " b"}) {
      Json value;
      value[each].push_back(each);
      const YAML::Node read = YAML::Load(ToYaml(value));
      EXPECT_EQ(read.begin()->first.as<std::string>(), each) << static_cast<int>(code);
      EXPECT_EQ(read.begin()->second[0].as<std::string>(), each) << static_cast<int>(code);
    }
  }
}

}  // namespace
}  // namespace strata::model
