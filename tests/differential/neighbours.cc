#include "tests/differential/neighbours.h"

#include <vector>

namespace portreeve::differential {
namespace {

using Texts = std::vector<std::string>;

net::IpAddress next(net::IpAddress address) {
  const std::uint64_t low = address.low() + 1;
  const auto after = net::IpAddress::from_words(address.high() + (low == 0 ? 1 : 0), low);
  return after.is_v4() == address.is_v4() ? after : address;
}

net::IpAddress previous(net::IpAddress address) {
  const std::uint64_t high = address.high() - (address.low() == 0 ? 1 : 0);
  const auto before = net::IpAddress::from_words(high, address.low() - 1);
  return before.is_v4() == address.is_v4() ? before : address;
}

// What the glob covers, mostly: each wildcard becomes something that it may stand for, or nearly.
std::string instance_of(Dice& dice, std::string_view glob) {
  std::string out;
  while (!glob.empty()) {
    if (glob == "/**") return out + dice.one_of(Texts{"/x", "/x", "/x/y", "", "/", "/x/y/z", "/abc", "x"});
    if (glob.starts_with("/**/")) {
      out += dice.one_of(Texts{"/", "/x/", "/x/y/"});
      glob.remove_prefix(4);
    } else if (glob.starts_with("**")) {
      out += dice.one_of(Texts{"x", "x/y", ""});
      glob.remove_prefix(2);
    } else if (glob.starts_with('*')) {
      out += dice.one_of(Texts{"x", "abc", "y", "x", "git", "", "x/y"});
      glob.remove_prefix(1);
    } else {
      out += glob.front();
      glob.remove_prefix(1);
    }
  }
  return out;
}

std::string nearly(Dice& dice, std::string text) {
  switch (dice.below(4)) {
    case 0:
      return text + "x";
    case 1:
      return text + "/x";
    case 2:
      text.pop_back();
      return text;
    default:
      return text.substr(0, text.rfind('/'));
  }
}

}  // namespace

std::string name_about(Dice& dice, const net::HostPattern& pattern) {
  const std::string suffix(pattern.suffix().view());
  if (pattern.kind() == net::HostPattern::Kind::exact) return dice.chance(90) ? suffix : "x." + suffix;
  return dice.one_of(Texts{"a.", "x.", "q.", "b.", "x.a.", "y.x.a.", ""}) + suffix;
}

net::IpAddress address_about(Dice& dice, const net::IpPrefix& prefix) {
  switch (dice.below(20)) {
    case 0:
      return previous(prefix.network());
    case 1:
      return next(prefix.last());
    case 2:
      return next(prefix.network());
    case 3:
    case 4:
    case 5:
    case 6:
    case 7:
      return prefix.last();
    default:
      return prefix.network();
  }
}

std::uint16_t port_about(Dice& dice, const model::PortRange& range) {
  switch (dice.below(16)) {
    case 0:
      return range.first > 1 ? static_cast<std::uint16_t>(range.first - 1) : range.first;
    case 1:
      return range.last < 65535 ? static_cast<std::uint16_t>(range.last + 1) : range.last;
    case 2:
    case 3:
      return range.last;
    default:
      return range.first;
  }
}

std::string text_about(Dice& dice, const pattern::Pattern& pattern) {
  switch (pattern.kind()) {
    case pattern::PatternKind::literal:
      return dice.chance(88) ? pattern.text() : nearly(dice, pattern.text());
    case pattern::PatternKind::glob:
      return instance_of(dice, pattern.text());
    case pattern::PatternKind::regex: {
      const std::string prefix(pattern.literal_prefix());
      return prefix + dice.one_of(Texts{"x", "abc", "git", "1", "9", "", "X"});
    }
  }
  return {};
}

Timestamp time_about(Dice& dice, Timestamp moment) {
  const std::int64_t seconds = moment.unix_seconds();
  const std::int32_t nanos = moment.nanos();
  constexpr std::int32_t kLastNano = 999'999'999;
  switch (dice.below(5)) {
    case 0:
      return nanos == 0 ? Timestamp::from_unix(seconds - 1, kLastNano) : Timestamp::from_unix(seconds, nanos - 1);
    case 1:
      return nanos == kLastNano ? Timestamp::from_unix(seconds + 1) : Timestamp::from_unix(seconds, nanos + 1);
    case 2:
      return Timestamp::from_unix(seconds - 1, nanos);
    case 3:
      return Timestamp::from_unix(seconds + 1, nanos);
    default:
      return moment;
  }
}

}  // namespace portreeve::differential
