#include "daemon/log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace portreeve::daemon {
namespace {

// The line without `before`, its time and `after`; a time is checked digit for digit against
// `dddd-dd-ddTdd:dd:dd.dddZ`.
std::string without_time(const std::string& line, const std::string& before, const std::string& after) {
  const std::string form = "dddd-dd-ddTdd:dd:dd.dddZ";
  EXPECT_TRUE(line.starts_with(before)) << line;
  std::string time = line.substr(before.size(), form.size());
  for (char& c : time) {
    if (c >= '0' && c <= '9') c = 'd';
  }
  EXPECT_EQ(time + line.substr(before.size() + form.size(), after.size()), form + after) << line;
  return line.substr(before.size() + form.size() + after.size());
}

TEST(Log, WritesKeysAndValuesAsText) {
  std::ostringstream out;
  const Log log({"info", "text"}, &out);
  log.warning("policy refused", {{"file", "a b.yaml"}, {"errors", 3}, {"ratio", 0.5}, {"live", false}, {"empty", ""}});
  EXPECT_EQ(without_time(out.str(), "", " "),
            "warning policy refused file=\"a b.yaml\" errors=3 ratio=0.5 live=false empty=\"\"\n");
}

TEST(Log, WritesKeysAndValuesAsJson) {
  std::ostringstream out;
  const Log log({"info", "json"}, &out);
  log.error("cannot \"sync\"", {{"path", std::string("/d")}, {"errors", 3}, {"live", true}});
  EXPECT_EQ(without_time(out.str(), "{\"time\":\"", "\","),
            "\"level\":\"error\",\"message\":\"cannot \\\"sync\\\"\",\"path\":\"/d\",\"errors\":3,\"live\":true}\n");
}

TEST(Log, LetsNobodyForgeALineOrATerminalSequence) {
  for (const char* format : {"text", "json"}) {
    std::ostringstream out;
    const Log log({"info", format}, &out);
    log.info("a\nb", {{"k", "x\r\n2026 error forged\x1b[2J \xff \xe2\x80\xae"}});
    const std::string line = out.str();
    EXPECT_EQ(line.find('\n'), line.size() - 1) << line;
    EXPECT_EQ(line.find_first_of("\r\x1b\xff\xe2"), std::string::npos) << line;
  }
}

TEST(Log, LeavesOutWhatIsBelowItsLevel) {
  std::ostringstream out;
  const Log log({"warning", "text"}, &out);
  log.debug("no");
  log.info("no");
  EXPECT_EQ(out.str(), "");
  log.warning("yes");
  log.error("yes");
  const std::string text = out.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
}

}  // namespace
}  // namespace portreeve::daemon
