// Host names as policies write them: what UTS 46 makes of Unicode is a plain pattern, and stays as it is.
#include "engine/load/host_names.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace portreeve;
  static const load::PublicSuffixes suffixes;
  const auto pattern = load::parse_policy_host(as_text(data, size));
  if (!pattern) {
    CHECK(!pattern.error().message.empty());
    return 0;
  }
  const std::string text = pattern->to_string();
  CHECK(net::HostPattern::parse(text) == *pattern);
  CHECK(load::parse_policy_host(text) == *pattern);
  const auto covered = suffixes.covered_by(*pattern);
  CHECK(!covered || pattern->kind() != net::HostPattern::Kind::exact);
  return 0;
}
