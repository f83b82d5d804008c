#include "engine/reader/batch_reader.h"

#include <gtest/gtest.h>

#include <string>

#include "engine/base/limits.h"
#include "engine/reader/json_reader.h"

namespace portreeve::reader {
namespace {

auto read(std::string_view text) { return read_batch(parse_json(text).value()); }

TEST(BatchReader, GivesEachItemWhatWasSaidForAll) {
  const auto batch = read(
      R"({"subject":{"type":"service","id":"x"},"action":{"name":"read"},"context":{"amount":1},
          "evaluations":[{"resource":{"type":"doc","id":"1"}},
                         {"resource":{"type":"doc","id":"2"},"action":{"name":"write"},"context":{}},
                         {"resource":{"type":"doc","id":"3"},"subject":{"type":"service","id":"y"}}]})");
  ASSERT_TRUE(batch && *batch);
  EXPECT_EQ((*batch)->semantic, BatchSemantic::execute_all);
  const struct {
    const char *subject, *action, *resource;
    bool has_amount;
  } expected[] = {{"x", "read", "1", true}, {"x", "write", "2", false}, {"y", "read", "3", true}};
  ASSERT_EQ((*batch)->items.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    const BatchItem& item = (*batch)->items[i];
    ASSERT_TRUE(item) << i;
    EXPECT_EQ(item->subject.id, expected[i].subject) << i;
    EXPECT_EQ(item->request.action, expected[i].action) << i;
    EXPECT_EQ(item->request.resource_id, expected[i].resource) << i;
    EXPECT_EQ(item->request.context.find("amount") != nullptr, expected[i].has_amount) << i;
  }
}

TEST(BatchReader, NamesThePlaceOfABadItem) {
  const std::string body = R"({"subject":{"type":"service","id":"x"},"action":{"name":"read"},
                               "evaluations":[{"resource":{"type":"doc","id":"1"}},{"resource":{"type":"doc"}}])";
  const auto whole = read(body + "}");
  ASSERT_TRUE(whole && *whole);
  ASSERT_FALSE((*whole)->items[1]);
  EXPECT_TRUE((*whole)->items[0]);
  EXPECT_EQ((*whole)->items[1].error(), (Problem{"/evaluations/1/resource/id", "`id` is missing"}));
  // A batch that may end early is refused whole: which items it would have come to is not known.
  for (const char* semantic : {"deny_on_first_deny", "permit_on_first_permit"}) {
    const auto refused = read(body + R"(,"options":{"evaluations_semantic":")" + semantic + R"("}})");
    ASSERT_FALSE(refused) << semantic;
    EXPECT_EQ(refused.error(), (Problem{"/evaluations/1/resource/id", "`id` is missing"}));
  }
}

TEST(BatchReader, RefusesWhatIsNoBatch) {
  const struct {
    const char *body, *field;
  } cases[] = {
      {R"({"evaluations":{}})", "/evaluations"},
      {R"({"evaluations":null})", "/evaluations"},
      {R"({"evaluations":[1]})", "/evaluations/0"},
      {R"({"evaluations":[{}],"options":1})", "/options"},
      {R"({"evaluations":[{}],"options":{"evaluations_semantic":"all"}})", "/options/evaluations_semantic"},
      {R"({"evaluations":[{}],"options":{"evaluations_semantic":1}})", "/options/evaluations_semantic"},
  };
  for (const auto& c : cases) {
    const auto batch = read(c.body);
    ASSERT_FALSE(batch) << c.body;
    EXPECT_EQ(batch.error().field, c.field) << c.body;
  }
  const auto of_many = [](std::size_t count) {
    std::string items = "{}";
    for (std::size_t i = 1; i < count; ++i) items += ",{}";
    return read(R"({"evaluations":[)" + items + "]}");
  };
  EXPECT_TRUE(of_many(limits::kBatchEvaluations));
  EXPECT_FALSE(of_many(limits::kBatchEvaluations + 1));
}

TEST(BatchReader, LeavesABodyWithoutItemsToTheReaderOfOne) {
  for (const char* body : {"{}", "1", R"({"evaluations":[]})", R"({"evaluations":[],"options":1})"}) {
    const auto batch = read(body);
    ASSERT_TRUE(batch) << body;
    EXPECT_FALSE(batch->has_value()) << body;
  }
}

}  // namespace
}  // namespace portreeve::reader
