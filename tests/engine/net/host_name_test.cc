#include "engine/net/host_name.h"

#include <gtest/gtest.h>

#include <vector>

#include "engine/base/text.h"
#include "engine/net/ip_address.h"
#include "tests/engine/net/seeded_random.h"

namespace portreeve::net {
namespace {

std::string repeated(char c, std::size_t count) { return std::string(count, c); }

// A name of 189 + 1 + `last` bytes.
std::string long_name(std::size_t last) {
  return repeated('a', 63) + "." + repeated('b', 63) + "." + repeated('c', 61) + "." + repeated('d', last);
}

TEST(HostName, FoldsCaseAndDropsOneTrailingDotOnTheWire) {
  const struct {
    std::string input, canonical;
  } cases[] = {
      {"api.example.com", "api.example.com"},
      {"API.Example.COM", "api.example.com"},
      {"api.example.com.", "api.example.com"},
      {"XN--BCHER-KVA.example.com", "xn--bcher-kva.example.com"},
      {"_443._TCP.example.com", "_443._tcp.example.com"},
      {"intranet", "intranet"},
      {"a.b", "a.b"},
      {"1.example.com", "1.example.com"},
      {"127.0.0.1.nip.io", "127.0.0.1.nip.io"},
      {"a-b.c--d.example.com", "a-b.c--d.example.com"},
      {repeated('a', 63) + ".com", repeated('a', 63) + ".com"},
      {long_name(63), long_name(63)},
      {long_name(63) + ".", long_name(63)},
  };
  for (const auto& c : cases) {
    const auto name = HostName::parse_wire(c.input);
    ASSERT_TRUE(name) << c.input << ": " << name.error().message;
    EXPECT_EQ(name->view(), c.canonical);
  }
  EXPECT_EQ(long_name(63).size(), kMaxHostNameBytes);
}

TEST(HostName, SaysWhatIsWrong) {
  const std::string not_ascii = " is not ASCII; write its `xn--` form";
  const std::string bad_char = " has a character other than letters, digits, `-`, `_` and `.`";
  const std::string bad_hyphen = " has a label that begins or ends with `-`";
  const std::string bad_a_label = " has an `xn--` label that encodes nothing";
  const std::string empty_label = " has an empty label";
  const struct {
    std::string input, message;
  } cases[] = {
      {"", "the host name is empty"},
      {".", "host name `.`" + empty_label},
      {"..", "host name `..`" + empty_label},
      {".api.example.com", "host name `.api.example.com`" + empty_label},
      {"api..example.com", "host name `api..example.com`" + empty_label},
      {"api.example.com..", "host name `api.example.com..`" + empty_label},
      {"api.example.com ", "host name `api.example.com `" + bad_char},
      {"api.example.com\r\nX: 1", "host name `api.example.com\\x0d\\x0aX: 1`" + bad_char},
      {std::string("api.example.com\0.evil.com", 25), "host name `api.example.com\\x00.evil.com`" + bad_char},
      {"api.example.com%00.evil.com", "host name `api.example.com%00.evil.com`" + bad_char},
      {"evil.com\\.example.com", "host name `evil.com\\.example.com`" + bad_char},
      {"evil.com/.example.com", "host name `evil.com/.example.com`" + bad_char},
      {"*.example.com", "host name `*.example.com`" + bad_char},
      {"a@example.com", "host name `a@example.com`" + bad_char},
      {"-a.example.com", "host name `-a.example.com`" + bad_hyphen},
      {"a-.example.com", "host name `a-.example.com`" + bad_hyphen},
      {"example.-", "host name `example.-`" + bad_hyphen},
      {"ab--cd.example.com",
       "host name `ab--cd.example.com` has a label with `--` in third place that is no `xn--` label"},
      {"xn--.example.com", "host name `xn--.example.com`" + bad_hyphen},
      {"xn--abc.example.com", "host name `xn--abc.example.com`" + bad_a_label},
      {"xn--abc-.example.com", "host name `xn--abc-.example.com`" + bad_hyphen},
      {"xn--99999999.example.com", "host name `xn--99999999.example.com`" + bad_a_label},
      {"xn--a_b.example.com", "host name `xn--a_b.example.com`" + bad_a_label},
      {"b\xc3\xbc"
       "cher.example.com",
       "host name `b\xc3\xbc"
       "cher.example.com`" +
           not_ascii},
      {"\xff.example.com", "host name `\\xff.example.com`" + not_ascii},
      {"\xef\xbc\x91.0.0.1", "host name `\xef\xbc\x91.0.0.1`" + not_ascii},
      {repeated('a', 64) + ".com", "host name `" + repeated('a', 64) + ".com` has a label of more than 63 bytes"},
      {"127.0.0.1", "`127.0.0.1` is an address, not a host name"},
      {"2001:db8::1", "`2001:db8::1` is an address, not a host name"},
      {"127.1", "`127.1` is neither a host name nor the plain spelling of an address"},
      {"foo.123.", "`foo.123.` is neither a host name nor the plain spelling of an address"},
      {"[::1]", "`[::1]` is neither a host name nor the plain spelling of an address"},
  };
  for (const auto& c : cases) {
    const auto name = HostName::parse_wire(c.input);
    ASSERT_FALSE(name) << printable(c.input);
    EXPECT_EQ(name.error().message, c.message);
  }
  EXPECT_NE(HostName::parse_wire("e." + long_name(62)).error().message.find("longer than 253 bytes"),
            std::string::npos);
}

TEST(HostName, TakesNoTrailingDotFromAPolicy) {
  EXPECT_EQ(HostName::parse("API.example.com").value().view(), "api.example.com");
  EXPECT_EQ(HostName::parse("api.example.com.").error().message, "host name `api.example.com.` has an empty label");
}

// RFC 3492 §7.1 among them.
TEST(HostName, DecodesALabels) {
  for (const std::string_view label :
       {"xn--bcher-kva", "xn--mnchen-3ya", "xn--p1ai", "xn--fiqs8s", "xn--ihqwcrb4cv8a8dqg056pqjye",
        "xn--3b-ww4c5e180e575a65lsy2b", "xn--egbpdaj6bu4bxfgehfvwxn", "xn--n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa",
        "xn--zca", "xn--strae-oqa"}) {
    EXPECT_TRUE(HostName::parse(std::string(label) + ".example")) << label;
  }
  for (const std::string_view label :
       {"xn--99999999", "xn--abc", "xn--bcher-kv", "xn--zzzzzzzzz", "xn--9", "xn--a-9", "xn---a", "xn--a"}) {
    EXPECT_FALSE(HostName::parse(std::string(label) + ".example")) << label;
  }
}

TEST(HostName, WalksItsLabelsFromTheRight) {
  const auto labels_of = [](std::string_view text) {
    const HostName name = HostName::parse(text).value();
    std::vector<std::string> labels;
    for (const std::string_view label : name.labels()) labels.emplace_back(label);
    return labels;
  };
  EXPECT_EQ(labels_of("api.example.com"), (std::vector<std::string>{"com", "example", "api"}));
  EXPECT_EQ(labels_of("intranet"), (std::vector<std::string>{"intranet"}));
  EXPECT_EQ(labels_of("a.b"), (std::vector<std::string>{"b", "a"}));
}

TEST(HostName, KnowsWhatItIsBelow) {
  const HostName name = HostName::parse("api.example.com").value();
  for (const std::string_view suffix : {"com", "example.com", "api.example.com"})
    EXPECT_TRUE(name.is_at_or_below(suffix));
  for (const std::string_view suffix : {"om", "ample.com", "x.api.example.com", "example.co", ".example.com"}) {
    EXPECT_FALSE(name.is_at_or_below(suffix)) << suffix;
  }
  EXPECT_FALSE(name.is_single_label());
  EXPECT_TRUE(HostName::parse("wpad").value().is_single_label());
}

TEST(HostName, HoldsItsPromiseForWhateverComes) {
  auto random = seeded_random("names");
  constexpr std::string_view kAlphabet = "abcxnABC0123456789----....__%:[]* \\/@\xc3\xbc";
  int names = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string text = below(random, 3) == 0 ? "xn--" : "";
    for (auto size = below(random, 24); size > 0; --size) text += kAlphabet[below(random, kAlphabet.size())];
    const auto name = HostName::parse_wire(text);
    if (!name) continue;
    ++names;
    const std::string_view view = name->view();
    ASSERT_EQ(HostName::parse(view), *name) << printable(text);
    ASSERT_TRUE(equal_ignoring_ascii_case(view, text) || equal_ignoring_ascii_case(std::string(view) + ".", text));
    ASSERT_FALSE(looks_like_address(view)) << view;
    ASSERT_LE(view.size(), kMaxHostNameBytes);
    ASSERT_EQ(view.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_."), std::string_view::npos) << view;
    std::string rejoined;
    for (const std::string_view label : name->labels()) {
      ASSERT_FALSE(label.empty() || label.front() == '-' || label.back() == '-') << view;
      rejoined = rejoined.empty() ? std::string(label) : std::string(label) + "." + rejoined;
    }
    ASSERT_EQ(rejoined, view);
  }
  EXPECT_GT(names, 5'000);
}

}  // namespace
}  // namespace portreeve::net
