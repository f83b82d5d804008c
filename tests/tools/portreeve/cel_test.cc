// `portreeve cel`: the language by itself, and many cases at once.
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "tests/tools/portreeve/program.h"

namespace portreeve::test {
namespace {

TEST(Cel, PrintsTheValueAsALiteral) {
  const struct {
    const char* expression;
    const char* out;
  } rows[] = {
      {"1 + 1", "2\n"},
      {"[1u, 1.0, b'\\xff', null]", "[1u, 1.0, b\"\\xff\", null]\n"},
      {"'a\"b\\\\c\\n\\u0085'", "\"a\\\"b\\\\c\\U0000000a\\U00000085\"\n"},
      {"{'a': duration('90s')}", "{\"a\": duration(\"90s\")}\n"},
      {"timestamp('2026-01-01T00:00:00Z').getHours('Europe/Berlin')", "1\n"},
  };
  for (const auto& row : rows) {
    const Ended ended = portreeve({"cel", row.expression});
    EXPECT_EQ(ended.out, row.out) << row.expression << ended.err;
    EXPECT_EQ(ended.code, 0);
  }
}

TEST(Cel, PrintsTypesWithJson) {
  const struct {
    const char* expression;
    const char* out;
  } rows[] = {
      {"42", R"({"type":"int","value":"42"})"},
      {"18446744073709551615u", R"({"type":"uint","value":"18446744073709551615"})"},
      {"1.5", R"({"type":"double","value":1.5})"},
      {"-1.0 / 0.0", R"({"type":"double","value":"-Infinity"})"},
      {"0.0 / 0.0", R"({"type":"double","value":"NaN"})"},
      {"b'\\xff'", R"({"type":"bytes","value":"/w=="})"},
      {"null", R"({"type":"null","value":null})"},
      {"['a', true]", R"({"type":"list","value":[{"type":"string","value":"a"},{"type":"bool","value":true}]})"},
      {"{1: 'a'}", R"({"type":"map","value":[[{"type":"int","value":"1"},{"type":"string","value":"a"}]]})"},
      {"timestamp(0)", R"({"type":"timestamp","value":"1970-01-01T00:00:00Z"})"},
      {"duration('1500ms')", R"({"type":"duration","value":"1.5s"})"},
      {"type(1)", R"({"type":"type","value":"int"})"},
      {"optional.of(1)", R"({"type":"optional","value":{"type":"int","value":"1"}})"},
      {"optional.none()", R"({"type":"optional","value":null})"},
      {"ip('::1')", R"({"type":"ip","value":"::1"})"},
      {"cidr('10.0.0.1/8')", R"({"type":"cidr","value":"10.0.0.1/8"})"},
  };
  for (const auto& row : rows) EXPECT_EQ(portreeve({"cel", "--json", row.expression}).out, row.out + std::string("\n"));
}

TEST(Cel, TakesVariablesAsExpressions) {
  EXPECT_EQ(portreeve({"cel", "--var", "x=[1, 2]", "--var", "y.z=2", "y.z in x"}).out, "true\n");
  const Ended bad = portreeve({"cel", "--var", "x=1 +", "x"});
  EXPECT_EQ(bad.code, 1);
  EXPECT_NE(bad.err.find("variable `x`: column 4"), std::string::npos) << bad.err;
  EXPECT_EQ(portreeve({"cel", "--var", "x", "1"}).code, 2);
  EXPECT_EQ(portreeve({"cel", "--var", "x=1", "--var", "x=2", "1"}).code, 2);
}

TEST(Cel, EndsWithTheErrorAndStatusOne) {
  const Ended ended = portreeve({"cel", "1 / 0"});
  EXPECT_EQ(ended.code, 1);
  EXPECT_EQ(ended.out, "");
  EXPECT_EQ(ended.err, "portreeve: column 3: division by zero\n");
  EXPECT_EQ(portreeve({"cel", "--json", "1 / 0"}).out, "{\"error\":\"column 3: division by zero\"}\n");
  EXPECT_EQ(portreeve({"cel"}).code, 2);
}

TEST(Cel, MeetsTypesAtRunTimeUnlessAskedToCheck) {
  EXPECT_EQ(portreeve({"cel", "'horses' && false"}).out, "false\n");
  EXPECT_EQ(portreeve({"cel", "--check", "'horses' && false"}).code, 1);
}

TEST(Cel, TakesExpressionsThatBeginWithAMinus) {
  EXPECT_EQ(portreeve({"cel", "-1"}).out, "-1\n");
  EXPECT_EQ(portreeve({"cel", "-x + 2", "--var", "x=5"}).out, "-3\n");
  EXPECT_EQ(portreeve({"cel", "--json", "-0.0"}).out, "{\"type\":\"double\",\"value\":-0.0}\n");
  EXPECT_EQ(portreeve({"cel", "--", "--1"}).out, "1\n");
  EXPECT_EQ(portreeve({"cel", "1", "-1"}).code, 2);
  EXPECT_EQ(portreeve({"cel", "1", "2"}).code, 2);
  EXPECT_EQ(portreeve({"cel", "--jsn", "1"}).code, 2);
}

TEST(Cel, LooksNamesUpInTheContainer) {
  EXPECT_EQ(portreeve({"cel", "--container", "a", "--var", "a.y=1", "--var", "y=2", "y"}).out, "1\n");
  const Ended ended = portreeve({"cel", "--cases", "-"},
                                {.input = "{\"expr\": \"y\", \"container\": \"a\", \"vars\": {\"a.y\": \"1\"}}\n"
                                          "{\"expr\": \"1\", \"container\": 1}\n"});
  EXPECT_EQ(ended.out,
            "{\"type\":\"int\",\"value\":\"1\"}\n"
            "{\"error\":\"`container` is a name\"}\n");
}

TEST(Cel, AnswersCasesWhateverIsInThem) {
  const Ended ended = portreeve(
      {"cel", "--cases", "-"}, {.input = "{\"expr\": \"b'\\u0000' == b'\\\\x00'\"}\r\n"
                                         "\xff\n"
                                         "{\"expr\": \"" +
                                         std::string(5000, 'a') +
                                         "\"}\n"
                                         "{\"expr\": \"\"}\n"
                                         "[]\n"
                                         "{\"expr\": \"1\", \"vars\": []}\n"
                                         "{\"expr\": \"[0.0/0.0, -0.0, optional.of(optional.none())]\"}\n"
                                         "{\"expr\": \"timestamp('0001-01-01T00:00:00.000000001Z')\"}\n"
                                         "{\"expr\": \"timestamp('9999-12-31T23:59:59.999999999Z')\"}\n"
                                         "{\"expr\": \"[duration('-1500ms'), duration('-1ns'), duration('-100h')]\"}"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(ended.out,
            R"lines({"type":"bool","value":true}
{"error":"not well-formed UTF-8"}
{"error":"column 1: the expression is 5000 bytes long; at most 4096"}
{"error":"column 1: an empty expression (leave out `when` where there is no condition)"}
{"error":"a case has an `expr`"}
{"error":"`vars` is an object of names and expressions"}
{"type":"list","value":[{"type":"double","value":"NaN"},{"type":"double","value":-0.0},{"type":"optional","value":{"type":"optional","value":null}}]}
{"type":"timestamp","value":"0001-01-01T00:00:00.000000001Z"}
{"type":"timestamp","value":"9999-12-31T23:59:59.999999999Z"}
{"type":"list","value":[{"type":"duration","value":"-1.5s"},{"type":"duration","value":"-0.000000001s"},{"type":"duration","value":"-360000s"}]}
)lines");
}

TEST(Cel, AnswersCasesALineEach) {
  const Folder folder;
  std::ofstream(folder.file("cases.jsonl")) << R"({"expr": "x + 1", "vars": {"x": "41"}})"
                                            << "\n\n"
                                            << R"({"expr": "1 / 0"})"
                                            << "\n"
                                            << R"({"expr": 1})"
                                            << "\nno JSON\n"
                                            << R"({"expr": "x", "vars": {"x": 1}})"
                                            << "\n"
                                            << R"({"expr": "'last'"})";
  const Ended ended = portreeve({"cel", "--cases", folder.file("cases.jsonl")});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(ended.out,
            "{\"type\":\"int\",\"value\":\"42\"}\n"
            "{\"error\":\"column 3: division by zero\"}\n"
            "{\"error\":\"a case has an `expr`\"}\n"
            "{\"error\":\"at byte 1: expected a value\"}\n"
            "{\"error\":\"variable `x` is no expression\"}\n"
            "{\"type\":\"string\",\"value\":\"last\"}\n");
}

// Rows `| `expression` | `value` |` of a page; a value may be `error: …` without its backticks.
struct Row {
  std::string expression;
  std::string value;
};

std::vector<Row> rows_of(const std::string& page) {
  std::vector<Row> rows;
  std::ifstream file(page);
  for (std::string line; std::getline(file, line);) {
    const std::size_t middle = line.find("` | ");
    const bool row = line.starts_with("| `") && line.ends_with(" |") && middle != std::string::npos;
    if (!row || (line[middle + 4] != '`' && line.compare(middle + 4, 6, "error:") != 0)) continue;
    Row found{line.substr(3, middle - 3), line.substr(middle + 4, line.size() - middle - 6)};
    if (found.value.starts_with('`')) {
      if (found.value.find('`', 1) != found.value.size() - 1) continue;
      found.value = found.value.substr(1, found.value.size() - 2);
    }
    for (std::size_t at = 0; (at = found.expression.find("\\|", at)) != std::string::npos; ++at)
      found.expression.erase(at, 1);
    rows.push_back(std::move(found));
  }
  return rows;
}

TEST(Cel, IsAsItsPageSays) {
  const auto rows = rows_of(PORTREEVE_SOURCE_DIR "/docs/cel.md");
  EXPECT_GT(rows.size(), 30u);
  for (const Row& row : rows) {
    const Ended ended = portreeve({"cel", row.expression});
    const std::string said =
        ended.code == 0 ? ended.out : "error: " + ended.err.substr(std::string("portreeve: ").size());
    EXPECT_EQ(said, row.value + "\n") << row.expression;
  }
}

}  // namespace
}  // namespace portreeve::test
