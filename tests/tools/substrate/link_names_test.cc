#include "tools/substrate/link_names.h"

#include <gtest/gtest.h>

namespace portreeve::substrate {
namespace {

TEST(InterfaceName, TakesWhatNeedsNoQuotesAnywhere) {
  for (const std::string_view good : {"e", "eth0", "pt-rita", "veth1.200", "a_b", "123456789012345"}) {
    EXPECT_TRUE(InterfaceName::parse(good)) << good;
  }
  for (const std::string_view bad :
       {"", ".", "..", "-e", "1234567890123456", "a b", "a/b", "eth*", "eth+", "a\"", "a;b", "a\nb", "é", "a:b"}) {
    EXPECT_FALSE(InterfaceName::parse(bad)) << bad;
  }
}

TEST(InterfacePattern, EndsInAStarOrIsAName) {
  const auto pattern = InterfacePattern::parse("br-*");
  ASSERT_TRUE(pattern);
  EXPECT_TRUE(pattern->matches(InterfaceName::parse("br-1").value()));
  EXPECT_TRUE(pattern->matches(InterfaceName::parse("br-").value()));
  EXPECT_FALSE(pattern->matches(InterfaceName::parse("br").value()));
  EXPECT_FALSE(InterfacePattern::parse("eth0")->matches(InterfaceName::parse("eth01").value()));
  for (const std::string_view bad : {"*", "", "*0", "e*h", "e**"}) EXPECT_FALSE(InterfacePattern::parse(bad)) << bad;
}

TEST(MacAddress, IsThatOfOneInterface) {
  EXPECT_EQ(MacAddress::parse("02:00:5E:10:aB:ff")->to_string(), "02:00:5e:10:ab:ff");
  for (const std::string_view bad :
       {"", "02:00:5e:10:00", "02:00:5e:10:00:01:02", "02-00-5e-10-00-01", "2:0:5e:10:0:1", "02:00:5g:10:00:01",
        "00:00:00:00:00:00", "01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff", "02:00:5e:10:00:0x", "02:00:5e:10:00: 1"}) {
    EXPECT_FALSE(MacAddress::parse(bad)) << bad;
  }
}

}  // namespace
}  // namespace portreeve::substrate
