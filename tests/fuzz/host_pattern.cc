// Host patterns. Lines: two patterns, a name. Patterns match as their slow twin does, and cover and overlap as what
// they match says.
#include "engine/net/host_pattern.h"

#include "engine/net/guard.h"
#include "tests/engine/net/slow_host_pattern.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace portreeve::net;
  const auto [first, second, third] = as_lines<3>(data, size);
  const auto a = HostPattern::parse(first);
  if (!a) {
    CHECK(!a.error().message.empty());
    return 0;
  }
  CHECK(HostPattern::parse(a->to_string()) == *a);
  CHECK(a->covers(*a) && a->overlaps(*a));
  CHECK((a->kind() == HostPattern::Kind::exact) == (HostName::parse(first).has_value()));
  static_cast<void>(classify_pattern(*a));

  const auto name = HostName::parse_wire(third);
  if (name) CHECK(a->matches(*name) == slow_matches(a->to_string(), name->view()));
  const auto b = HostPattern::parse(second);
  if (!b) return 0;
  CHECK(a->overlaps(*b) == b->overlaps(*a));
  CHECK(!a->covers(*b) || a->overlaps(*b));
  CHECK(!(a->covers(*b) && b->covers(*a)) || *a == *b);
  if (!name) return 0;
  CHECK(!(a->matches(*name) && b->matches(*name)) || a->overlaps(*b));
  CHECK(!(a->covers(*b) && b->matches(*name)) || a->matches(*name));
  // A guard that a whole pattern trips, each of its names trips.
  if (const auto guard = classify_pattern(*a)) CHECK(!a->matches(*name) || classify_name(*name).has_value());
  return 0;
}
