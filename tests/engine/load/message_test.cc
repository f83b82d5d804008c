// What the checker says, word for word: each file of messages/ is a table of small policy sets and their diagnostics.
//
//     === title
//     YAML, read as case.yaml beside base.yaml (without it, where the title ends in `(alone)`)
//     ---->
//     the diagnostics, as text; nothing where all is well
//
// With PORTREEVE_UPDATE set the tables are written anew from what the checker says; read the difference.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "engine/load/load.h"

namespace portreeve::load {
namespace {

const std::string kFolder = PORTREEVE_SOURCE_DIR "/tests/engine/load/";
constexpr std::string_view kTitle = "=== ";
constexpr std::string_view kArrow = "---->\n";

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

struct Case {
  std::string title;
  std::string yaml;
  std::string expected;
};

// The text before the first case is a comment of the file.
struct Table {
  std::string preface;
  std::vector<Case> cases;
};

Table parse(const std::string& text) {
  Table table;
  std::size_t at = text.find(kTitle);
  table.preface = text.substr(0, at);
  while (at != std::string::npos) {
    const std::size_t end = text.find("\n=== ", at);
    const std::string block = text.substr(at, end == std::string::npos ? end : end + 1 - at);
    at = end == std::string::npos ? end : end + 1;
    const std::size_t line = block.find('\n');
    const std::size_t arrow = block.find(kArrow);
    if (arrow == std::string::npos) {
      ADD_FAILURE() << "no arrow in: " << block;
      return table;
    }
    std::string expected = block.substr(arrow + kArrow.size());
    while (expected.ends_with("\n\n") || expected == "\n") expected.pop_back();
    table.cases.push_back(
        {block.substr(kTitle.size(), line - kTitle.size()), block.substr(line + 1, arrow - line - 1), expected});
  }
  return table;
}

std::string diagnose(const Case& row, const std::string& base) {
  std::vector<wire::PolicyFile> files{{"case.yaml", row.yaml}};
  if (!row.title.ends_with("(alone)")) files.push_back({"base.yaml", base});
  const LoadResult result = load(files);
  EXPECT_EQ(result.set != nullptr, !has_errors(result.diagnostics)) << row.title;
  std::string text;
  for (const Diagnostic& diagnostic : result.diagnostics) text += to_text(diagnostic) + "\n";
  return text;
}

class Messages : public testing::TestWithParam<const char*> {};

TEST_P(Messages, AreWordForWord) {
  const std::string path = kFolder + "messages/" + GetParam() + ".txt";
  const std::string base = read(kFolder + "base.yaml");
  const Table table = parse(read(path));
  ASSERT_FALSE(table.cases.empty());
  std::string anew = table.preface;
  for (const Case& row : table.cases) {
    const std::string actual = diagnose(row, base);
    anew += std::string(kTitle) + row.title + "\n" + row.yaml + std::string(kArrow) + actual + "\n";
    if (std::getenv("PORTREEVE_UPDATE") == nullptr) {
      EXPECT_EQ(actual, row.expected) << row.title << "\n" << row.yaml;
    }
  }
  if (std::getenv("PORTREEVE_UPDATE") != nullptr) std::ofstream(path, std::ios::binary) << anew;
}

INSTANTIATE_TEST_SUITE_P(Load, Messages,
                         testing::Values("documents", "identity", "roles", "egress", "secrets", "execution", "access",
                                         "policy_tests", "conditions", "yaml"),
                         [](const auto& table) { return std::string(table.param); });

TEST(Base, IsAGoodSetWithoutWarnings) {
  const LoadResult result = load({{"base.yaml", read(kFolder + "base.yaml")}});
  for (const Diagnostic& diagnostic : result.diagnostics) ADD_FAILURE() << to_text(diagnostic);
  EXPECT_NE(result.set, nullptr);
}

}  // namespace
}  // namespace portreeve::load
