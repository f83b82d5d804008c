#include "accounting/ingest/usage_batch.h"

#include <gtest/gtest.h>

#include "engine/base/limits.h"

namespace portreeve::accounting {
namespace {

const std::string kBoot(32, 'a');

std::string event(int seq, const std::string& change = "", const std::string& key = "") {
  wire::UsageEvent out;
  out.key = key.empty() ? kBoot + "-" + std::to_string(seq) : key;
  out.gate = "broker";
  out.provider = "anthropic";
  std::string text = wire::to_json(out, seq);
  if (!change.empty()) text.insert(1, change + ",");
  return text;
}
std::string batch(const std::string& events, const std::string& boot = kBoot) {
  return R"({"gate":"broker","boot":")" + boot + R"(","events":[)" + events + "]}";
}

TEST(UsageBatch, IsRead) {
  const auto read = read_usage_batch(batch(event(3) + "," + event(7)));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->gate, "broker");
  EXPECT_EQ(read->postings.size(), 2u);
  EXPECT_EQ(read->last_seq, 7);
  EXPECT_EQ(read->postings[1].event.key, kBoot + "-7");
}

TEST(UsageBatch, RefusesHostileBodiesAndNamesThePlace) {
  std::string many = event(1);
  for (std::size_t i = 2; i <= limits::kUsageBatchEvents + 1; ++i) many += "," + event(static_cast<int>(i));
  const struct {
    const char* name;
    std::string body;
    const char* field;
  } kCases[] = {
      {"empty", "", ""},
      {"no JSON", "x", ""},
      {"a list", "[]", "/"},
      {"trailing bytes", batch(event(1)) + "x", ""},
      {"too deep", std::string(100, '[') + std::string(100, ']'), ""},
      {"an unknown member", R"({"gate":"g","boot":"x","events":[],"more":1})", "/"},
      {"a member missing", R"({"gate":"g","events":[]})", "/"},
      {"gate no text", R"({"gate":1,"boot":")" + kBoot + R"(","events":[]})", "/gate"},
      {"gate too long", R"({"gate":")" + std::string(257, 'g') + R"(","boot":")" + kBoot + R"(","events":[]})",
       "/gate"},
      {"boot of other digits", batch(event(1), std::string(32, 'G')), "/boot"},
      {"boot in capitals", batch(event(1), std::string(32, 'A')), "/boot"},
      {"boot too short", batch(event(1), "aa"), "/boot"},
      {"no events", batch(""), "/events"},
      {"events no list", R"({"gate":"g","boot":")" + kBoot + R"(","events":{}})", "/events"},
      {"too many events", batch(many), "/events"},
      {"an event no object", batch("1"), "/events/0"},
      {"an unknown member of an event", batch(event(1) + "," + event(2, R"("prompt":"x")")), "/events/1"},
      {"a member twice", batch(event(1, R"("gate":"other")")), ""},
      {"another boot's key", batch(event(1, "", std::string(32, 'b') + "-1")), "/events/0/key"},
      {"seq not rising", batch(event(2) + "," + event(2)), "/events/1/seq"},
      {"seq falling", batch(event(2) + "," + event(1)), "/events/1/seq"},
  };
  for (const auto& row : kCases) {
    const auto read = read_usage_batch(row.body);
    ASSERT_FALSE(read) << row.name;
    EXPECT_EQ(read.error().field, row.field) << row.name << ": " << read.error().message;
  }
}

}  // namespace
}  // namespace portreeve::accounting
