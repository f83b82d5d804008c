// What a rule says in its own file, found by the place where it begins.
#include "engine/analyze/policy_text.h"

#include <gtest/gtest.h>

namespace portreeve::analyze {
namespace {

const std::vector<wire::PolicyFile> kFiles{{"web.yaml", R"(# before
---
kind: EgressPolicy
spec:
  tenants: [acme]
  rules:
    - id: block
      hosts:
        - a.example.com
        - "*.b.example.com"
      limits: { idle: 5m, bytesOut: 1MiB }
      when: >-
        1 == 1 &&
        2 == 2
    - { id: flow, ports: [443, "1-9"], internet: true }
---
kind: EgressPolicy
spec: { rules: [{ id: other, ports: 80 }] }
)"},
                                           {"broken.yaml", "spec: { rules: [{ id: x, ports: [1] }, {"}};

struct Row {
  const char* name;
  SourcePlace rule;
  const char* field;
  const char* text;   // null: nothing is found
  const char* place;  // `line:column`
};

TEST(PolicyText, FindsFieldsByTheRulesPlace) {
  PolicyText text(&kFiles);
  const std::vector<Row> rows{
      {"a block list", {"web.yaml", 7, 7}, "hosts", R"([a.example.com, "*.b.example.com"])", "9:9"},
      {"nested", {"web.yaml", 7, 7}, "limits.idle", "5m", "11:23"},
      {"a mapping", {"web.yaml", 7, 7}, "limits", "{ idle: 5m, bytesOut: 1MiB }", "11:15"},
      {"a folded text", {"web.yaml", 7, 7}, "when", "1 == 1 && 2 == 2", "12:13"},
      {"in flow style", {"web.yaml", 15, 9}, "ports", R"([443, "1-9"])", "15:26"},
      {"a boolean", {"web.yaml", 15, 9}, "internet", "true", "15:50"},
      {"another document", {"web.yaml", 18, 19}, "ports", "80", "18:37"},
      {"back again", {"web.yaml", 7, 7}, "id", "block", "7:11"},
      {"a field that is not there", {"web.yaml", 7, 7}, "cidrs", nullptr, ""},
      {"below a scalar", {"web.yaml", 7, 7}, "id.x", nullptr, ""},
      {"a place beside it", {"web.yaml", 7, 8}, "hosts", nullptr, ""},
      {"a place in no rule", {"web.yaml", 3, 1}, "hosts", nullptr, ""},
      {"beyond the file", {"web.yaml", 999, 1}, "hosts", nullptr, ""},
      {"no such file", {"none.yaml", 7, 7}, "hosts", nullptr, ""},
      {"no place", {"web.yaml", 0, 0}, "hosts", nullptr, ""},
      {"a file that is no YAML", {"broken.yaml", 1, 19}, "ports", nullptr, ""},
  };
  for (const Row& row : rows) {
    const auto found = text.of_rule(row.rule, row.field);
    ASSERT_EQ(found.has_value(), row.text != nullptr) << row.name;
    if (!found) continue;
    EXPECT_EQ(found->text, row.text) << row.name;
    EXPECT_EQ(std::to_string(found->place.line) + ":" + std::to_string(found->place.column), row.place) << row.name;
  }
  const auto hosts = text.of_rule({"web.yaml", 7, 7}, "hosts");
  EXPECT_EQ(hosts->items, (std::vector<std::string>{"a.example.com", R"("*.b.example.com")"}));
  EXPECT_EQ(text.of_policy({"web.yaml", 15, 9}, "tenants")->text, "[acme]");
  EXPECT_FALSE(text.of_policy({"web.yaml", 18, 19}, "tenants"));
}

TEST(PolicyText, WithoutFilesFindsNothing) {
  PolicyText text(nullptr);
  EXPECT_FALSE(text.of_rule({"web.yaml", 7, 7}, "hosts"));
}

TEST(PolicyText, CutsWhatIsLongerThanAnyoneReads) {
  std::string hosts;
  for (int i = 0; i < 500; ++i) hosts += "h" + std::to_string(i) + ".example.com, ";
  const std::vector<wire::PolicyFile> files{{"a.yaml", "spec: { rules: [{ id: x, hosts: [" + hosts + "last] }] }"}};
  PolicyText text(&files);
  const auto found = text.of_rule({"a.yaml", 1, 19}, "hosts");
  ASSERT_TRUE(found);
  EXPECT_LT(found->text.size(), 500u);
  EXPECT_TRUE(found->text.ends_with("…"));
  EXPECT_EQ(found->items.size(), 501u);
}

}  // namespace
}  // namespace portreeve::analyze
