#include "accounting/report/query.h"

#include <gtest/gtest.h>

namespace portreeve::accounting {
namespace {

TEST(ReportQuery, IsRead) {
  const auto query = read_report_query({{"by", "model"},
                                        {"from", "2026-11-01"},
                                        {"to", "2026-12-01T00:00:00+01:00"},
                                        {"tenant", "acme"},
                                        {"tag", "team=x"},
                                        {"limit", "5"},
                                        {"format", "csv"}});
  ASSERT_TRUE(query) << query.error().message;
  EXPECT_EQ(query->by, Dimension::model);
  EXPECT_EQ(to_rfc3339(*query->selection.from), "2026-11-01T00:00:00Z");
  EXPECT_EQ(to_rfc3339(*query->selection.to), "2026-11-30T23:00:00Z");
  EXPECT_EQ(query->selection.where.at(Dimension::tenant), "acme");
  EXPECT_EQ(query->limit, 5u);
  EXPECT_EQ(query->format, ReportFormat::csv);
  EXPECT_TRUE(read_report_query({}));
  EXPECT_TRUE(read_report_query({{"tenant", ""}})) << "calls without a tenant";
}

TEST(ReportQuery, RefusesWhatItDoesNotUnderstand) {
  const Parameters kCases[] = {
      {{"by", "colour"}},
      {{"by", "model"}, {"by", "tenant"}},
      {{"from", "yesterday"}},
      {{"from", "2026-13-01"}},
      {{"from", "2026-11-02"}, {"to", "2026-11-02"}},
      {{"to", ""}},
      {{"day", "2026"}},
      {{"day", "2026-11-25T00:00:00Z"}},
      {{"limit", "0"}},
      {{"limit", "10001"}},
      {{"limit", "-1"}},
      {{"limit", "1x"}},
      {{"format", "xml"}},
      {{"colour", "red"}},
      {{"tenant", std::string(600, 'x')}},
      {{"tenant", std::string("a\0b", 3)}},
      {{"tenant", "\xff"}},
  };
  for (const Parameters& parameters : kCases) {
    EXPECT_FALSE(read_report_query(parameters)) << parameters[0].first << '=' << parameters[0].second;
  }
  EXPECT_FALSE(read_calls_query({{"by", "model"}}));
  EXPECT_FALSE(read_calls_query({{"limit", "1001"}}));
  EXPECT_TRUE(read_calls_query({{"after", "1-2"}, {"limit", "1000"}}));
}

}  // namespace
}  // namespace portreeve::accounting
