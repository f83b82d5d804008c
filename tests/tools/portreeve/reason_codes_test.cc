// docs/reason-codes.md shows the table of reason codes as it is.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "engine/wire/reason.h"

namespace {

std::string table() {
  std::string out = "| code | what it tells |\n|---|---|\n";
  for (const portreeve::wire::ReasonRow& row : portreeve::wire::all_reasons()) {
    out += "| `" + std::string(row.code) + "` | " + std::string(row.meaning) + " |\n";
  }
  return out;
}

TEST(ReasonCodes, ThePageHoldsTheTable) {
  const std::ifstream file(PORTREEVE_SOURCE_DIR "/docs/reason-codes.md");
  ASSERT_TRUE(file.good());
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_NE(text.str().find("\n\n" + table() + "\n"), std::string::npos)
      << "docs/reason-codes.md should hold exactly:\n\n"
      << table();
}

}  // namespace
