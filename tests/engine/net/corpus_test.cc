// What engine/net has to say about each row of the egress corpus. Answers of the rules, of DNS, of HTTP and of TLS are
// others' business: those rows are counted, with the reason, and printed.
#include "tests/engine/net/corpus.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "engine/base/text.h"
#include "engine/net/endpoint.h"
#include "engine/net/guard.h"

namespace portreeve::net {
namespace {

// SEMANTICS §1: our code of a corpus reason about an address.
std::string_view code_of(std::string_view reason) {
  static constexpr std::pair<std::string_view, std::string_view> kCodes[] = {
      {"ip_loopback", "guard:loopback-address"},
      {"ip_unspecified", "guard:unspecified-address"},
      {"ip_this_network", "guard:unspecified-address"},
      {"ip_link_local", "guard:link-local-address"},
      {"cloud_metadata", "guard:metadata-address"},
      {"ip_private", "guard:private-address"},
      {"ip_cgnat", "guard:shared-address"},
      {"ip_ula", "guard:unique-local-address"},
      {"ip_multicast", "guard:multicast-address"},
      {"ip_broadcast", "guard:broadcast-address"},
      {"ip_reserved", "guard:reserved-address"},
      {"ip_documentation", "guard:documentation-address"},
      {"ip_benchmark", "guard:benchmarking-address"},
      {"ip_protocol_assignment", "guard:protocol-address"},
      {"ip_as112", "guard:protocol-address"},
      {"ip_amt", "guard:protocol-address"},
      {"ip_nat64", "guard:translated-address"},
      {"ip_nat64_local", "guard:translated-address"},
      {"ip_6to4", "guard:translated-address"},
      {"ip_6to4_relay", "guard:translated-address"},
      {"ip_teredo", "guard:translated-address"},
      {"ip_isatap", "guard:translated-address"},
      {"ip_v4_compat", "guard:translated-address"},
      {"ip_v4_translated", "guard:translated-address"},
      {"ip_not_global", "guard:not-global-address"},
      {"ip_orchid", "guard:not-global-address"},
      {"ip_discard", "guard:not-global-address"},
      {"ip_site_local", "guard:not-global-address"},
      {"ip_srv6", "guard:not-global-address"},
      {"overlay_service", "guard:overlay-address"},
      {"infra_address", "guard:own-address"},
      {"proxy_loop", "guard:own-address"},
      {"host_special_use", "guard:special-use-name"},
      {"host_metadata", "guard:metadata-name"},
      {"host_single_label", "guard:single-label-name"},
  };
  for (const auto& [corpus, ours] : kCodes) {
    if (corpus == reason) return ours;
  }
  return "";
}

// The fixture's `proxy_self` and `infra`.
OwnAddresses fixture_addresses() {
  std::vector<IpPrefix> prefixes;
  for (const char* text :
       {"10.9.0.2", "23.0.0.10", "2a0f:1:2::10", "10.9.0.3", "10.9.0.4", "172.17.0.1", "23.0.0.11"}) {
    prefixes.push_back(IpPrefix::of(IpAddress::parse(text).value()));
  }
  return OwnAddresses(std::move(prefixes));
}

// Rows that were run, and those left to others by reason.
struct Tally {
  int run = 0;
  std::map<std::string, int> left;

  void print(std::string_view kind) const {
    std::cout << kind << " rows: " << run << " run";
    for (const auto& [why, count] : left) std::cout << ", " << count << " left (" << why << ")";
    std::cout << "\n";
  }
};

class Corpus : public testing::Test {
 protected:
  void SetUp() override {
    rows_ = read_corpus();
    if (!rows_) GTEST_SKIP() << "no egress-corpus.tsv beside the repository";
  }
  std::vector<CorpusRow> rows(std::string_view kind) const {
    std::vector<CorpusRow> chosen;
    for (const CorpusRow& row : *rows_) {
      if (row.kind == kind) chosen.push_back(row);
    }
    return chosen;
  }
  const OwnAddresses own_ = fixture_addresses();
  Tally tally_;

 private:
  std::optional<std::vector<CorpusRow>> rows_;
};

std::string describe(const CorpusRow& row) {
  return row.kind + "\t" + printable(row.input) + "\t" + row.expect + "\t" + row.reason;
}

TEST_F(Corpus, AddressesAreJudgedAsExpected) {
  const IpPrefix operator_nat64 = IpPrefix::parse("2a0f:0:64::/96").value();
  for (const CorpusRow& row : rows("ip")) {
    const auto address = IpAddress::parse(row.input);
    if (address && operator_nat64.contains(*address)) {
      ++tally_.left["an operator's own NAT64 prefix, which the guard has no setting for"];
      continue;
    }
    ++tally_.run;
    EXPECT_EQ(address.has_value(), row.expect != "reject") << describe(row);
    if (!address) continue;
    const auto range = classify(*address, own_);
    EXPECT_EQ(tier(range) == GuardTier::open, row.expect == "allow") << describe(row);
    EXPECT_EQ(guard_code(range), code_of(row.reason)) << describe(row);
  }
  tally_.print("ip");
  EXPECT_GT(tally_.run, 140);
}

TEST_F(Corpus, NamesAreReadAndGuardedAsExpected) {
  static const std::set<std::string_view> kMalformed = {"host_syntax", "idna_invalid", "host_numeric"};
  static const std::set<std::string_view> kGuarded = {"host_special_use", "host_metadata", "host_single_label"};
  for (const CorpusRow& row : rows("host")) {
    const std::size_t arrow = row.input.find(" => ");
    const auto host = parse_host(row.input.substr(0, arrow));
    ++tally_.run;
    EXPECT_EQ(host.has_value(), row.expect != "reject") << describe(row);
    EXPECT_EQ(row.expect == "reject", kMalformed.contains(row.reason)) << describe(row);
    if (!host) continue;
    if (const auto* address = std::get_if<IpAddress>(&*host)) {
      if (row.reason != "host_ip_literal") {
        EXPECT_EQ(guard_code(classify(*address, own_)), code_of(row.reason)) << describe(row);
      }
      continue;
    }
    const auto guard = classify_name(std::get<HostName>(*host));
    const bool about_the_name = arrow == std::string::npos && kGuarded.contains(row.reason);
    EXPECT_EQ(guard ? guard_code(*guard) : "", about_the_name ? code_of(row.reason) : "") << describe(row);

    // The answer, where it is a plain list of addresses.
    if (arrow == std::string::npos) continue;
    std::string_view rest = std::string_view(row.input).substr(arrow + 4);
    std::optional<IpAddress> lowest_bad;
    bool all_read = true;
    while (!rest.empty()) {
      const std::size_t comma = rest.find(',');
      const auto answer = IpAddress::parse(rest.substr(0, comma));
      all_read = all_read && answer.has_value();
      const bool bad = answer && tier(classify(*answer, own_)) != GuardTier::open;
      if (bad && (!lowest_bad || *answer < *lowest_bad)) lowest_bad = *answer;
      rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    }
    if (!all_read) {
      ++tally_.left["the answer: resolution in time, aliases, errors"];
    } else if (row.reason.starts_with("dns_mixed") || code_of(row.reason) != "") {
      EXPECT_TRUE(lowest_bad) << describe(row);
      if (lowest_bad && code_of(row.reason) != "") {
        EXPECT_EQ(guard_code(classify(*lowest_bad, own_)), code_of(row.reason)) << describe(row);
      }
    } else if (!row.input.starts_with("intranet.corp.example.org")) {
      EXPECT_FALSE(lowest_bad) << describe(row);
    }
  }
  tally_.print("host");
  EXPECT_GT(tally_.run, 110);
}

TEST_F(Corpus, AuthoritiesOfConnectAreReadAsExpected) {
  static const std::set<std::string_view> kMalformed = {"port_missing",     "port_range",         "port_syntax",
                                                        "authority_syntax", "userinfo_forbidden", "host_syntax",
                                                        "host_numeric"};
  for (const CorpusRow& row : rows("authority")) {
    constexpr std::string_view kConnect = "CONNECT ";
    if (!row.input.starts_with(kConnect)) {
      ++tally_.left["no plain CONNECT line: pep/http"];
      continue;
    }
    std::string target = row.input.substr(kConnect.size());
    target = target.substr(0, target.find(" || "));
    if (const std::size_t version = target.find(" HTTP/"); version != std::string::npos) target.resize(version);
    ++tally_.run;
    const auto endpoint = Endpoint::parse(target);
    EXPECT_EQ(!endpoint, kMalformed.contains(row.reason)) << describe(row);
    if (!endpoint) continue;
    if (const auto* address = std::get_if<IpAddress>(&endpoint->host); address && code_of(row.reason) != "") {
      EXPECT_EQ(guard_code(classify(*address, own_)), code_of(row.reason)) << describe(row);
    }
  }
  tally_.print("authority");
  EXPECT_GT(tally_.run, 50);
}

// `exception CIDR`: what an InternalService may hold (SEMANTICS §3), as far as it is no matter of names.
void expect_exception(const CorpusRow& row, std::string_view cidr) {
  const auto prefix = IpPrefix::parse(cidr);
  const bool malformed = row.reason == "pattern_syntax" || row.reason == "pattern_not_canonical";
  EXPECT_EQ(!prefix, malformed) << describe(row);
  if (!prefix) return;
  const bool too_broad = prefix->length() < (prefix->is_v4() ? 16 : 48);
  EXPECT_EQ(overlaps_hard(*prefix) || too_broad, row.expect == "reject") << describe(row);
  if (row.reason == "pattern_deny_set") {
    EXPECT_TRUE(overlaps_hard(*prefix)) << describe(row);
  }
  if (row.reason == "pattern_too_broad") {
    EXPECT_TRUE(too_broad) << describe(row);
  }
}

// A pattern or address, with the corpus' port or without.
void expect_pattern(const CorpusRow& row) {
  std::string text = row.input;
  if (const auto endpoint = Endpoint::parse(text)) {
    text = to_string(endpoint->host);
  } else if (const std::size_t colon = text.rfind(':'); colon != std::string::npos && text.front() == '*') {
    text.resize(colon);
  }
  const bool was_mapped = row.input.find("::ffff:") != std::string::npos;
  const auto host = parse_host(text);
  if (host && std::holds_alternative<IpAddress>(*host)) {
    // Addresses are for `cidrs`, where a mapped one is an error (ip_prefix_test.cc) and the guard's are
    // (guard_test.cc).
    const auto address = std::get<IpAddress>(*host);
    EXPECT_EQ(tier(classify(address)) != GuardTier::open, row.reason == "pattern_deny_set") << describe(row);
    EXPECT_EQ(was_mapped, row.reason == "pattern_not_canonical") << describe(row);
    return;
  }
  const auto pattern = HostPattern::parse(text);
  if (!pattern) {
    EXPECT_EQ(row.expect, "reject") << describe(row) << ": " << pattern.error().message;
    return;
  }
  EXPECT_EQ(classify_pattern(*pattern).has_value(), row.reason == "pattern_special_use") << describe(row);
  EXPECT_EQ(row.expect == "reject", row.reason == "pattern_special_use") << describe(row);
}

TEST_F(Corpus, PatternsAreReadAndMatchAsExpected) {
  for (const CorpusRow& row : rows("pattern")) {
    if (row.reason == "pattern_public_suffix") {
      ++tally_.left["public suffixes: engine/load"];
      continue;
    }
    if (row.reason == "idna_invalid" || row.input.find_first_of("\x80\xc3\xe2\xef\xf0") != std::string::npos) {
      ++tally_.left["Unicode: engine/load"];
      continue;
    }
    ++tally_.run;
    constexpr std::string_view kException = "exception ";
    if (row.input.starts_with(kException)) {
      expect_exception(row, std::string_view(row.input).substr(kException.size()));
    } else if (const std::size_t tilde = row.input.find(" ~ "); tilde != std::string::npos) {
      const auto pattern = HostPattern::parse(row.input.substr(0, tilde));
      const auto name = HostName::parse_wire(row.input.substr(tilde + 3));
      ASSERT_TRUE(pattern && name) << describe(row);
      EXPECT_EQ(pattern->matches(*name), row.expect == "allow") << describe(row);
    } else {
      expect_pattern(row);
    }
  }
  tally_.print("pattern");
  EXPECT_GT(tally_.run, 40);
}

TEST(CorpusFormat, EscapesAreResolved) {
  EXPECT_EQ(unescape_corpus_input("a\\x20\\r\\n\\\\{b*3}\\u{FF41}{c"), "a \r\n\\bbb\xef\xbd\x81{c");
}

}  // namespace
}  // namespace portreeve::net
