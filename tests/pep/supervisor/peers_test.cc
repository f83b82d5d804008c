#include "pep/supervisor/peers.h"

#include <gtest/gtest.h>

namespace portreeve::supervisor {
namespace {

net::IpAddress address(const char* text) { return *net::IpAddress::parse(text); }

LocalView view_of(std::vector<const char*> addresses, bool by_control = true) {
  LocalView view;
  for (const char* text : addresses) view.addresses.push_back(address(text));
  view.comes_by_control = [by_control](net::IpAddress) { return by_control; };
  return view;
}

TEST(Peers, OfTheGuestItselfAreLocal) {
  const PeerRules rules{{*net::IpPrefix::parse("0.0.0.0/0"), *net::IpPrefix::parse("::/0")}, true};
  const LocalView view = view_of({"127.0.0.1", "::1", "10.0.0.2", "fd00::2"});
  for (const char* peer : {"127.0.0.1", "127.255.0.9", "0.0.0.0", "0.1.2.3", "10.0.0.2", "::1", "::", "fd00::2",
                           "::ffff:10.0.0.2", "::ffff:127.0.0.1", "224.0.0.1", "ff02::1", "255.255.255.255"}) {
    EXPECT_EQ(judge_peer(rules, view, address(peer)), PeerVerdict::local) << peer;
  }
  for (const char* peer : {"10.0.0.1", "10.0.0.3", "126.255.255.255", "128.0.0.1", "fd00::1", "::2"}) {
    EXPECT_EQ(judge_peer(rules, view, address(peer)), PeerVerdict::allowed) << peer;
  }
}

TEST(Peers, ThatComeByAnotherWayAreRefused) {
  const PeerRules rules{{*net::IpPrefix::parse("10.0.0.0/24")}, true};
  EXPECT_EQ(judge_peer(rules, view_of({"10.0.0.2"}, false), address("10.0.0.1")), PeerVerdict::other_route);
}

TEST(Peers, AreNobodyWhereNobodyIsListed) {
  EXPECT_EQ(judge_peer({{}, true}, view_of({"10.0.0.2"}), address("10.0.0.1")), PeerVerdict::not_listed);
  EXPECT_EQ(judge_peer({{}, false}, view_of({"10.0.0.2"}), address("10.0.0.1")), PeerVerdict::not_listed);
}

TEST(Peers, AreLocalWhereTheGuestsAddressesCannotBeTold) {
  const PeerRules rules{{*net::IpPrefix::parse("10.0.0.0/24")}, true};
  EXPECT_EQ(judge_peer(rules, view_of({}), address("10.0.0.1")), PeerVerdict::local);
}

}  // namespace
}  // namespace portreeve::supervisor
