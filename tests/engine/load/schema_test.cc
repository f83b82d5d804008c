// The checked-in JSON Schema and reference page say what the field table says. With PORTREEVE_UPDATE set they are
// written.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "engine/load/load.h"

namespace portreeve::load {
namespace {

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

void expect_file(const std::string& path, const std::string& wanted) {
  if (std::getenv("PORTREEVE_UPDATE") != nullptr) std::ofstream(path, std::ios::binary) << wanted;
  EXPECT_EQ(read(path), wanted) << path << " is not what the field table says; run this test with PORTREEVE_UPDATE=1";
}

TEST(JsonSchema, IsCheckedInAsTheTableSays) {
  expect_file(PORTREEVE_SOURCE_DIR "/policies/schema/portreeve-v1.schema.json", json_schema());
}

// Between `<!-- fields: Kind -->` and `<!-- end -->` stands what the table says of the kind; around it, what people
// wrote.
TEST(ReferencePage, ShowsEveryKindAsTheTableSays) {
  constexpr std::string_view kEnd = "<!-- end -->";
  const std::string path = PORTREEVE_SOURCE_DIR "/docs/policy-language.md";
  std::string wanted = read(path);
  for (const std::string_view kind : kinds()) {
    const std::string begin = "<!-- fields: " + std::string(kind) + " -->\n";
    const std::size_t start = wanted.find(begin);
    ASSERT_NE(start, std::string::npos) << kind << " is not in " << path;
    const std::size_t end = wanted.find(kEnd, start);
    ASSERT_NE(end, std::string::npos) << kind;
    wanted.replace(start + begin.size(), end - start - begin.size(), field_reference(kind));
  }
  expect_file(path, wanted);
}

TEST(FieldReference, OfNoKindIsEmpty) { EXPECT_EQ(field_reference("Deployment"), ""); }

}  // namespace
}  // namespace portreeve::load
