#include "pdp/session/role_activation.h"

#include <gtest/gtest.h>

#include "engine/base/limits.h"
#include "engine/reader/json_reader.h"

namespace portreeve::pdp {
namespace {

using Names = std::vector<std::string>;

TEST(Scope, NamesRolesPartedBySingleSpaces) {
  EXPECT_EQ(*parse_scope("author"), (Names{"author"}));
  EXPECT_EQ(*parse_scope("b a b"), (Names{"b", "a", "b"}));
  EXPECT_EQ(to_scope({"a", "b"}), "a b");
  EXPECT_EQ(to_scope({}), "");
  const std::string refusal = "`scope` names the roles to activate, parted by single spaces; without it all are";
  for (const std::string& hostile : {std::string(), std::string(" "), std::string("a  b"), std::string(" a"),
                                     std::string("a "), std::string("a\tb"), std::string("a\"b"), std::string("a\\b"),
                                     std::string("r\xC3\xB4le"), std::string("a\0b", 3), std::string(64, 'a')}) {
    const auto scope = parse_scope(hostile);
    ASSERT_FALSE(scope) << hostile;
    EXPECT_EQ(scope.error().message, refusal) << hostile;
  }
  std::string many = "r";
  for (std::size_t i = 1; i < limits::kActivatedRoles; ++i) many += " r";
  EXPECT_EQ(parse_scope(many)->size(), limits::kActivatedRoles);
  EXPECT_EQ(parse_scope(many + " r").error().message, "`scope` names at most 256 roles");
}

TEST(RoleChange, ReadsWhatToActivateAndWhatToDrop) {
  const auto read = [](const std::string& text) {
    return read_role_change(reader::parse_json("[" + text + "]")->as_array()->front());
  };
  const auto change = read(R"({"activate":["a","b"],"drop":["c"]})");
  ASSERT_TRUE(change);
  EXPECT_EQ(change->activate, (Names{"a", "b"}));
  EXPECT_EQ(change->drop, (Names{"c"}));
  EXPECT_TRUE(read(R"({"drop":["c"]})"));
  const struct {
    const char* body;
    const char* field;
    const char* message;
  } refused[] = {
      {"null", "", "the body is a JSON object with `activate`, `drop` or both"},
      {"[]", "", "the body is a JSON object with `activate`, `drop` or both"},
      {"{}", "", "name roles to `activate` or to `drop`"},
      {R"({"roles":["a"]})", "/roles", "`roles` is unknown here; there are `activate` and `drop`"},
      {R"({"activate":"a"})", "/activate", "`activate` is a list of 1 to 256 roles"},
      {R"({"activate":[]})", "/activate", "`activate` is a list of 1 to 256 roles"},
      {R"({"drop":null})", "/drop", "`drop` is a list of 1 to 256 roles"},
      {R"({"drop":["a",1]})", "/drop/1", "no role's name"},
      {R"({"drop":[""]})", "/drop/0", "no role's name"},
      {R"({"activate":["a b"]})", "/activate/0", "no role's name"},
      {R"({"activate":["a"],"drop":["a"]})", "/drop", "role `a` is to be activated and dropped"},
  };
  for (const auto& row : refused) {
    const auto result = read(row.body);
    ASSERT_FALSE(result) << row.body;
    EXPECT_EQ(result.error().status, 400) << row.body;
    EXPECT_EQ(result.error().field, row.field) << row.body;
    EXPECT_EQ(result.error().message, row.message) << row.body;
  }
}

}  // namespace
}  // namespace portreeve::pdp
