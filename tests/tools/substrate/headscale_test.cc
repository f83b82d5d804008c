// The mesh's policy by the semantics of Headscale: HuJSON; what no rule accepts is refused, unless there is no list of
// rules at all; every tag that is used has owners.
#include "tools/substrate/headscale.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>

#include "engine/reader/json_reader.h"
#include "tests/tools/substrate/fixture.h"

namespace portreeve::substrate {
namespace {

using Array = JsonValue::Array;

// HuJSON as these files use it: whole lines of comments.
JsonValue read(const std::string& text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
    if (text.compare(at, 2, "//") != 0) plain += text.substr(at, end - at);
    at = end;
  }
  return reader::JsonReader().parse(plain).value();
}

const Array& list(const JsonValue& value, std::string_view key) {
  static const Array none;
  const JsonValue* found = value.find(key);
  EXPECT_TRUE(found != nullptr && found->as_array() != nullptr) << key;
  return found == nullptr ? none : *found->as_array();
}

bool holds_port(std::string_view ports, int port) {
  while (!ports.empty()) {
    const std::size_t comma = std::min(ports.find(','), ports.size());
    const std::string_view range = ports.substr(0, comma);
    int first = 0;
    const auto read_first = std::from_chars(range.data(), range.data() + range.size(), first);
    int last = first;
    if (*read_first.ptr == '-') std::from_chars(read_first.ptr + 1, range.data() + range.size(), last);
    if (first <= port && port <= last) return true;
    ports.remove_prefix(std::min(comma + 1, ports.size()));
  }
  return false;
}

bool accepts(const JsonValue& policy, std::string_view from, std::string_view to, int port) {
  if (policy.find("acls") == nullptr) return true;  // as Headscale does
  return std::ranges::any_of(list(policy, "acls"), [&](const JsonValue& rule) {
    const bool from_here = std::ranges::any_of(list(rule, "src"), [&](const JsonValue& source) {
      return *source.as_string() == from || *source.as_string() == "*";
    });
    return from_here && std::ranges::any_of(list(rule, "dst"), [&](const JsonValue& destination) {
             const std::string& text = *destination.as_string();
             const std::size_t colon = text.rfind(':');
             return text.substr(0, colon) == to && holds_port(std::string_view(text).substr(colon + 1), port);
           });
  });
}

TEST(Headscale, LetsTheProxyReachTheServicesThatPoliciesOpen) {
  const auto set = sample_policies();
  const JsonValue policy = read(to_headscale(set->documents(), sample_deployment(), "sha256:REVISION").value());
  const struct {
    const char* from;
    const char* to;
    int port;
    bool open;
  } cases[] = {
      {"tag:portreeve-egress", "tag:wiki", 443, true},
      {"tag:portreeve-egress", "tag:warehouse", 5432, true},
      {"tag:portreeve-egress", "tag:warehouse", 5439, true},
      {"tag:portreeve-egress", "tag:wiki", 8443, false},
      {"tag:portreeve-egress", "tag:warehouse", 443, false},
      {"tag:portreeve-egress", "tag:attic", 443, false},
      {"tag:wiki", "tag:warehouse", 5432, false},
      {"tag:wiki", "tag:portreeve-egress", 3128, false},
      {"tag:other", "tag:wiki", 443, false},
  };
  for (const auto& each : cases) {
    EXPECT_EQ(accepts(policy, each.from, each.to, each.port), each.open)
        << each.from << " → " << each.to << ":" << each.port;
  }
}

TEST(Headscale, UsesNoTagWithoutOwnersAndNoKeyThatHeadscaleDoesNotKnow) {
  const auto set = sample_policies();
  const JsonValue policy = read(to_headscale(set->documents(), sample_deployment(), "sha256:REVISION").value());
  for (const auto& [key, value] : *policy.as_object()) EXPECT_TRUE(key == "acls" || key == "tagOwners") << key;
  const JsonValue& owners = *policy.find("tagOwners");
  for (const JsonValue& rule : list(policy, "acls")) {
    for (const auto& [key, value] : *rule.as_object()) {
      EXPECT_TRUE(key == "action" || key == "proto" || key == "src" || key == "dst") << key;
    }
    EXPECT_EQ(*rule.find("action")->as_string(), "accept");
    for (const JsonValue& source : list(rule, "src")) EXPECT_NE(owners.find(*source.as_string()), nullptr);
    for (const JsonValue& destination : list(rule, "dst")) {
      const std::string& text = *destination.as_string();
      EXPECT_NE(owners.find(text.substr(0, text.rfind(':'))), nullptr) << text;
    }
  }
}

TEST(Headscale, OfNothingIsAnEmptyListAndNotNone) {
  const JsonValue policy = read(to_headscale(model::PolicySet{}, Deployment{}, "sha256:REVISION").value());
  EXPECT_EQ(to_canonical_json(policy), R"({"acls":[],"tagOwners":{}})");
  EXPECT_FALSE(accepts(policy, "tag:a", "tag:b", 443));
}

}  // namespace
}  // namespace portreeve::substrate
