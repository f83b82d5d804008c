#include "accounting/report/render.h"

#include <gtest/gtest.h>

namespace portreeve::accounting {
namespace {

TEST(Csv, QuotesAndKeepsFormulasFromBeingRun) {
  Report report;
  report.by = Dimension::subject;
  for (const char* key : {"plain", "a,b", "say \"hi\"", "=1+1", "-2", "@x", "two\nlines", ""}) {
    ReportRow row;
    row.key = key;
    row.sums.calls = 1;
    row.sums.cost.pico = 1'500'000'000'000;
    report.rows.push_back(row);
  }
  report.totals.calls = 8;
  report.totals.counters.tools = {{"web_search", 2}, {"x", 1}};
  const std::string rest = ",1,0,0,0,0,0,0,0,0,,1.50,0,0,0,0\r\n";
  EXPECT_EQ(
      to_csv(report),
      "row,subject,calls,input,cache_read,cache_write_5m,cache_write_1h,input_audio,output,reasoning,output_audio,"
      "tools,cost_usd,unpriced,unknown,estimated,disputed\r\n"
      "row,plain" +
          rest + "row,\"a,b\"" + rest + "row,\"say \"\"hi\"\"\"" + rest + "row,'=1+1" + rest + "row,'-2" + rest +
          "row,'@x" + rest + "row,\"two\nlines\"" + rest + "row," + rest +
          "total,,8,0,0,0,0,0,0,0,0,web_search=2 x=1,0.00,0,0,0,0\r\n");
}

}  // namespace
}  // namespace portreeve::accounting
