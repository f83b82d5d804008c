#include "engine/base/diagnostic.h"

#include <gtest/gtest.h>

namespace portreeve {
namespace {

TEST(Diagnostic, ReadsAsPlaceMessageHelp) {
  EXPECT_EQ(to_text({Severity::error, {"web.yaml", 14, 7}, "unknown role `reasearch`", "did you mean `research`?"}),
            "web.yaml:14:7: error: unknown role `reasearch` (did you mean `research`?)");
  EXPECT_EQ(to_text({Severity::warning, {"web.yaml", 0, 0}, "empty file", ""}), "web.yaml: warning: empty file");
}

TEST(Closest, SuggestsOnlyWhatIsNear) {
  EXPECT_EQ(closest("protcols", {"ports", "protocols", "paths"}), "protocols");
  EXPECT_EQ(closest("hsots", {"hosts", "ports"}), "hosts");
  EXPECT_EQ(closest("zebra", {"hosts", "ports"}), "");
  EXPECT_EQ(closest("", {"hosts"}), "");
}

}  // namespace
}  // namespace portreeve
