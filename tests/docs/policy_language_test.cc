// docs/policy-language.md is the whole language, and every example of it runs: blocks of YAML are policy sets with
// their PolicyTests, those marked as refused are refused with the words that stand below them, rows of tables are put
// into policies and asked. What the field table, the table of reasons, obligations or conditions hold and no example
// shows fails the test.
//
// With PORTREEVE_UPDATE set the checker's words are written into the page; read the difference.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "engine/cel/policy_environment.h"
#include "engine/wire/reason.h"
#include "tests/docs/coverage.h"
#include "tests/docs/example_set.h"
#include "tests/docs/page.h"
#include "tests/docs/template.h"

namespace portreeve::docs {
namespace {

const std::string kPath = PORTREEVE_SOURCE_DIR "/docs/policy-language.md";

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

const Page& page() {
  static const Page kPage = read_page(read_file(kPath));
  return kPage;
}

const Table& table(std::string_view marker) {
  static const Table kNone;
  const auto found = std::ranges::find(page().tables, marker, &Table::marker);
  if (found != page().tables.end()) return *found;
  ADD_FAILURE() << "no table is marked `" << marker << "`";
  return kNone;
}

// What all examples stand beside.
std::string base() {
  std::string text;
  for (const Block& block : page().blocks) {
    if (block.marker == "base") text += block.text + "---\n";
  }
  return text;
}

std::vector<wire::PolicyFile> beside_base(const Block& block) {
  return {{"base.yaml", base()}, {"example.yaml", block.text}};
}

bool says_something(const Block& block) { return block.marker == "refused" || block.marker == "warned"; }

// The sets that run: the blocks of one heading make one.
std::vector<ExampleSet> example_sets() {
  std::vector<ExampleSet> sets;
  std::map<std::string, std::size_t> known;
  for (const Block& block : page().blocks) {
    if (block.language != "yaml" || says_something(block) || block.marker == "base") continue;
    const auto [at, added] = known.try_emplace(block.heading, sets.size());
    if (added) sets.push_back({"under `" + block.heading + "`", {{"base.yaml", base()}}});
    sets[at->second].files.push_back({fmt::format("line-{}.yaml", block.line), block.text});
  }
  return sets;
}

// The page with lines replaced, as what they should be becomes known.
class Rewrite {
 public:
  Rewrite() {
    std::istringstream in(read_file(kPath));
    for (std::string line; std::getline(in, line);) lines_.push_back(line);
  }
  void replace(std::size_t line, std::size_t count, std::string text) { replaced_[line] = {count, std::move(text)}; }
  ~Rewrite() {
    if (std::getenv("PORTREEVE_UPDATE") == nullptr || replaced_.empty()) return;
    std::ofstream out(kPath, std::ios::binary);
    for (std::size_t line = 1; line <= lines_.size(); ++line) {
      const auto found = replaced_.find(line);
      if (found == replaced_.end()) {
        out << lines_[line - 1] << "\n";
        continue;
      }
      out << found->second.second;
      line += found->second.first - 1;
    }
  }

 private:
  std::vector<std::string> lines_;
  std::map<std::size_t, std::pair<std::size_t, std::string>> replaced_;
};

std::string escaped(std::string_view cell) {
  std::string out;
  for (const char c : cell) out += c == '|' ? "\\|" : std::string(1, c);
  return out;
}

std::string without_place(const std::vector<Diagnostic>& diagnostics) {
  std::string out;
  for (const Diagnostic& diagnostic : diagnostics) {
    out += (out.empty() ? "" : "<br>") + diagnostic.message;
    if (!diagnostic.help.empty()) out += " (" + diagnostic.help + ")";
  }
  return out;
}

void expect_severity(const std::vector<Diagnostic>& diagnostics, std::string_view marker, const std::string& title) {
  EXPECT_FALSE(diagnostics.empty()) << title << " is neither refused nor warned of";
  EXPECT_EQ(has_errors(diagnostics), marker.starts_with("refused")) << title;
}

// Runs all that runs, once.
const Coverage& coverage() {
  static const Coverage kCoverage = [] {
    Coverage seen;
    for (const ExampleSet& example : example_sets()) run(example, Standard::exemplary, seen);
    for (const Block& block : page().blocks) {
      if (block.marker == "warned")
        run({fmt::format("line {}", block.line), beside_base(block)}, Standard::passing, seen);
    }
    for (const Table& each : page().tables) {
      if (!is_pattern_table(each)) continue;
      EXPECT_FALSE(each.rows.empty()) << each.marker;
      for (const Row& row : each.rows) run(pattern_set(each, row, base()), Standard::passing, seen);
    }
    return seen;
  }();
  return kCoverage;
}

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += "\n  " + name;
  return out;
}

TEST(PolicyLanguage, EveryExampleRuns) { coverage(); }

// Before the blocks, since it keeps the number of lines where it rewrites them.
TEST(PolicyLanguage, RowsThatTheCheckerSpeaksOfSayWhat) {
  Rewrite rewrite;
  for (const Table& each : page().tables) {
    if (!is_message_table(each)) continue;
    EXPECT_FALSE(each.rows.empty()) << each.marker;
    for (const Row& row : each.rows) {
      const ExampleSet example = message_set(each, row, base());
      const auto diagnostics = diagnose(example);
      expect_severity(diagnostics, each.marker, example.title);
      const std::string actual = without_place(diagnostics);
      EXPECT_EQ(row.cells.at(1), actual) << example.title << "\n" << example.files.back().bytes;
      rewrite.replace(row.line, 1, fmt::format("| {} | {} |\n", escaped(row.cells[0]), escaped(actual)));
    }
  }
}

TEST(PolicyLanguage, BlocksThatTheCheckerSpeaksOfAreFollowedByItsWords) {
  Rewrite rewrite;
  for (std::size_t i = 0; i < page().blocks.size(); ++i) {
    const Block& block = page().blocks[i];
    if (!says_something(block)) continue;
    const std::string title = fmt::format("line {}", block.line);
    const auto diagnostics = diagnose({title, beside_base(block)});
    expect_severity(diagnostics, block.marker, title);
    std::string actual;
    for (const Diagnostic& diagnostic : diagnostics) actual += to_text(diagnostic) + "\n";
    ASSERT_LT(i + 1, page().blocks.size()) << title;
    const Block& words = page().blocks[i + 1];
    ASSERT_EQ(words.language, "text") << title;
    EXPECT_EQ(words.text, actual) << title;
    const auto count = static_cast<std::size_t>(std::ranges::count(words.text, '\n'));
    rewrite.replace(words.line, count + 1, "```text\n" + actual);
  }
}

TEST(PolicyLanguage, EveryFieldAndWordHasAnExampleAndEveryDefaultOneWithout) {
  EXPECT_EQ(listed(coverage().missing_fields()), "");
}

TEST(PolicyLanguage, EveryObligationHasAnExample) { EXPECT_EQ(listed(coverage().missing_obligations()), ""); }

TEST(PolicyLanguage, EveryVariableOfConditionsHasAnExample) { EXPECT_EQ(listed(coverage().missing_variables()), ""); }

TEST(PolicyLanguage, TheTableOfVariablesIsTheEnvironment) {
  const cel::TypeEnv environment = cel::policy_environment();
  std::vector<std::string> wanted, actual;
  for (const cel::TypeEnv::Variable& variable : environment.variables()) {
    if (variable.type.kind() != cel::TypeKind::object) {
      wanted.push_back(fmt::format("{}: {}", variable.name, cel::to_text(variable.type)));
      continue;
    }
    for (const auto& field : environment.object(variable.type.object_name())->fields)
      wanted.push_back(fmt::format("{}.{}: {}", variable.name, field.name, cel::to_text(field.type)));
  }
  for (const Row& row : table("variables").rows)
    actual.push_back(fmt::format("{}: {}", code_of(row.cells.at(0)).at(0), code_of(row.cells.at(1)).at(0)));
  EXPECT_EQ(listed(actual), listed(wanted));
}

// Codes of judgement have examples; the others stand in the second table, with who gives them.
TEST(PolicyLanguage, EveryReasonHasAnExampleOrAGiver) {
  std::vector<std::string> judged, actual, wanted;
  for (const Row& row : table("reasons: judged").rows) judged.push_back(code_of(row.cells.at(0)).at(0));
  EXPECT_EQ(listed(coverage().missing_reasons(judged)), "");
  actual = judged;
  for (const Row& row : table("reasons: given by others").rows) actual.push_back(code_of(row.cells.at(0)).at(0));
  for (const wire::ReasonRow& row : wire::all_reasons()) wanted.emplace_back(row.code);
  std::ranges::sort(actual);
  std::ranges::sort(wanted);
  EXPECT_EQ(listed(actual), listed(wanted));
}

TEST(PolicyLanguage, NoTableHasAMarkerThatNobodyReads) {
  for (const Table& each : page().tables) {
    const bool read = each.marker.empty() || is_pattern_table(each) || is_message_table(each) ||
                      each.marker == "variables" || each.marker.starts_with("reasons: ");
    EXPECT_TRUE(read) << each.marker;
  }
  for (const Block& block : page().blocks) {
    EXPECT_TRUE(block.marker.empty() || block.marker == "base" || says_something(block)) << block.marker;
  }
}

}  // namespace
}  // namespace portreeve::docs
