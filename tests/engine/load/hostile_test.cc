// Bytes that somebody else chose: a clear refusal each time, never a crash, never a set.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>

#include "engine/base/limits.h"
#include "engine/load/load.h"

namespace portreeve::load {
namespace {

const std::string kRoleHead = "apiVersion: portreeve/v1\nkind: Role\nmetadata: { name: x }\nspec:\n";

std::string repeat(std::string_view text, std::size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

struct Row {
  const char* name;
  std::string bytes;
  const char* first;  // what the first diagnostic begins with
};

TEST(Hostile, BytesAreRefusedWithAReason) {
  const Row rows[] = {
      {"lists without end", repeat("[", 100'000), "x.yaml:1:1: error: a key must be plain text"},
      {"mappings without end", repeat("{a: ", 100'000), "x.yaml:1:1: error: a key must be plain text"},
      {"nested lists", repeat("[", 1000) + repeat("]", 1000),
       "x.yaml:1:33: error: nested too deep (at most 32 levels are read)"},
      {"nested mappings", repeat("{a: ", 200) + "b" + repeat("}", 200), "x.yaml:1:129: error: nested too deep"},
      {"nested block lists without end", repeat("- ", 500'000), "x.yaml:1:65: error: nested too deep"},
      {"keys without end", repeat("? ", 500'000), "x.yaml:1:3: error: a key must be plain text"},
      {"billion laughs", "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n",
       "x.yaml:1:1: error: `apiVersion` is missing"},
      {"an alias to itself", "a: &a [*a]\n", "x.yaml:1:1: error: `apiVersion` is missing"},
      {"a file over its bound", std::string(limits::kPolicyFileBytes + 1, '#'),
       "x.yaml: error: the file has 16777217 bytes"},
      {"a scalar over its bound", kRoleHead + "  description: " + std::string(limits::kYamlScalarBytes + 1, 'x') + "\n",
       "x.yaml:5:16: error: a value of 65537 bytes; at most 65536 are read"},
      {"a key over its bound", kRoleHead + "  ? " + std::string(limits::kYamlScalarBytes + 1, 'x') + "\n  : y\n",
       "x.yaml:5:5: error: a value of 65537 bytes"},
      {"ill-formed UTF-8", kRoleHead + "  description: ab\xC3(\n", "x.yaml:5:18: error: ill-formed UTF-8"},
      {"an overlong form", kRoleHead + "  description: \xC0\xAF\n", "x.yaml:5:16: error: ill-formed UTF-8"},
      {"a surrogate", kRoleHead + "  description: \xED\xA0\x80\n", "x.yaml:5:16: error: ill-formed UTF-8"},
      {"UTF-16",
       std::string("\xFF\xFE"
                   "a\0:\0",
                   6),
       "x.yaml:1:4: error: the control character `\\x00`"},
      {"a NUL", std::string("a: \0", 4), "x.yaml:1:4: error: the control character `\\x00`"},
      {"yaml-cpp's own end of file", "a: \x04 b\n", "x.yaml:1:4: error: the control character `\\x04`"},
      {"a carriage return alone", "a: b\rc: d\n", "x.yaml:1:5: error: the control character `\\x0d`"},
      {"an unknown directive and nothing", "%YAML 1.2\n", "policies: error: the policy set holds no document"},
      {"a version from the future", "%YAML 9.9\n---\na: b\n", "x.yaml:1:"},
      {"a directive twice", "%YAML 1.2\n%YAML 1.2\n---\na: b\n", "x.yaml:2:"},
      {"a tag of no directive", "a: !x!y z\n", "x.yaml:1:"},
  };
  for (const Row& row : rows) {
    const LoadResult result = load({{"x.yaml", row.bytes}});
    EXPECT_EQ(result.set, nullptr) << row.name;
    ASSERT_FALSE(result.diagnostics.empty()) << row.name;
    EXPECT_EQ(to_text(result.diagnostics[0]).substr(0, std::string_view(row.first).size()), row.first) << row.name;
  }
}

TEST(Hostile, ManyDocumentsAreReadAndManyErrorsCounted) {
  std::string bytes;
  for (int i = 0; i < 100'000; ++i) bytes += "---\na: b\n";
  const LoadResult result = load({{"x.yaml", bytes}});
  EXPECT_EQ(result.set, nullptr);
  ASSERT_EQ(result.diagnostics.size(), limits::kDiagnostics + 1);
  EXPECT_EQ(to_text(result.diagnostics.back()), "policies: error: 299000 more errors not shown");
}

TEST(Hostile, ManyKeysInOneMappingAreFoundWhenRepeated) {
  std::string bytes =
      "apiVersion: portreeve/v1\nkind: Entities\nmetadata: { name: x }\nspec:\n  resources:\n    - type: t\n      id: "
      "i\n"
      "      properties:\n";
  for (int i = 0; i < 100'000; ++i) bytes += "        k" + std::to_string(i) + ": v\n";
  EXPECT_NE(load({{"x.yaml", bytes}}).set, nullptr);
  const LoadResult result = load({{"x.yaml", bytes + "        \"k5\": v\n"}});
  ASSERT_EQ(result.diagnostics.size(), 1u);
  EXPECT_EQ(to_text(result.diagnostics[0]),
            "x.yaml:100009:9: error: the key `k5` stands twice in one mapping (keep one of them)");
}

TEST(Hostile, TooManyBytesInAll) {
  const std::vector<wire::PolicyFile> files(17, {"x.yaml", std::string(limits::kPolicyFileBytes, ' ')});
  const LoadResult result = load(files);
  EXPECT_EQ(result.set, nullptr);
  ASSERT_EQ(result.diagnostics.size(), 1u);
  EXPECT_EQ(to_text(result.diagnostics[0]),
            "policies: error: the policy set has 285212672 bytes in 17 files (at most 268435456 bytes in 100000 files "
            "are read)");
}

TEST(Hostile, ADeepChainOfRolesIsWalkedWithoutRecursion) {
  std::string bytes;
  for (int i = 0; i < 20'000; ++i) {
    bytes += "---\napiVersion: portreeve/v1\nkind: Role\nmetadata: { name: r" + std::to_string(i) +
             " }\nspec: { inherits: [r" + std::to_string((i + 1) % 20'000) + "] }\n";
  }
  const LoadResult result = load({{"x.yaml", bytes}});
  EXPECT_EQ(result.set, nullptr);
  ASSERT_EQ(result.diagnostics.size(), 1u);
  EXPECT_EQ(result.diagnostics[0].message.substr(0, 40), "roles inherit each other in a cycle: `r0");
}

std::string good_set() {
  std::string out;
  for (const char* path : {"base.yaml", "full.yaml"}) {
    std::ifstream in(std::string(PORTREEVE_SOURCE_DIR "/tests/engine/load/") + path, std::ios::binary);
    EXPECT_TRUE(in) << path;
    std::stringstream text;
    text << in.rdbuf();
    out += (out.empty() ? "" : "---\n") + text.str();
  }
  return out;
}

std::uint64_t seed() {
  const char* given = std::getenv("PORTREEVE_SEED");
  return given == nullptr ? 20'261'124 : std::strtoull(given, nullptr, 10);
}

// What a careless hand or a broken disk makes of a good file. A result has a set or an error, never both, never
// neither.
class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) : random_(seed) {}

  std::string mutate(const std::string& good) {
    std::string out = good;
    for (std::size_t i = 0, count = 1 + pick(3); i < count && !out.empty(); ++i) once(out);
    return out;
  }

 private:
  std::size_t pick(std::size_t below) { return random_() % below; }

  void once(std::string& text) {
    static constexpr std::string_view kMarks = "{}[]:,-#&*!|>'\"%@`?\n\t \0\xFF~";
    const std::size_t at = pick(text.size());
    switch (pick(6)) {
      case 0:
        text[at] = static_cast<char>(text[at] ^ (1u << pick(8)));
        return;
      case 1:
        text.resize(at);
        return;
      case 2:
        text.insert(at, 1, kMarks[pick(kMarks.size())]);
        return;
      case 3:
        text.erase(at, 1 + pick(20));
        return;
      case 4: {  // a line twice
        const std::size_t begin = text.rfind('\n', at) == std::string::npos ? 0 : text.rfind('\n', at) + 1;
        const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
        if (end > begin) text.insert(begin, text.substr(begin, end - begin));
        return;
      }
      default: {  // a piece elsewhere
        const std::string piece = text.substr(pick(text.size()), pick(40));
        text.insert(at, piece);
        return;
      }
    }
  }

  std::mt19937_64 random_;
};

TEST(Hostile, MutationsOfAGoodSetEndInASetOrAnError) {
  const std::string good = good_set();
  const LoadResult whole = load({{"x.yaml", good}});
  for (const Diagnostic& diagnostic : whole.diagnostics) {
    if (diagnostic.severity == Severity::error) ADD_FAILURE() << to_text(diagnostic);
  }
  ASSERT_NE(whole.set, nullptr);
  std::printf("seed %llu (PORTREEVE_SEED overrides)\n", static_cast<unsigned long long>(seed()));
  Mutator mutator(seed());
  std::size_t refused = 0;
  constexpr std::size_t kRuns = 1500;
  for (std::size_t i = 0; i < kRuns; ++i) {
    const std::string bytes = mutator.mutate(good);
    const LoadResult result = load({{"x.yaml", bytes}});
    ASSERT_EQ(result.set == nullptr, has_errors(result.diagnostics)) << "run " << i << ":\n" << bytes;
    for (const Diagnostic& diagnostic : result.diagnostics) {
      ASSERT_FALSE(diagnostic.message.empty()) << bytes;
      ASSERT_TRUE(diagnostic.place.line == 0 || diagnostic.place.column > 0) << to_text(diagnostic);
    }
    refused += result.set == nullptr ? 1 : 0;
  }
  EXPECT_GT(refused, kRuns / 2);
}

TEST(Hostile, ATruncatedSetNeverFailsToSaySo) {
  const std::string good = good_set();
  for (std::size_t length = 0; length < good.size(); length += 37) {
    const LoadResult result = load({{"x.yaml", good.substr(0, length)}});
    ASSERT_EQ(result.set == nullptr, has_errors(result.diagnostics)) << good.substr(0, length);
  }
}

}  // namespace
}  // namespace portreeve::load
