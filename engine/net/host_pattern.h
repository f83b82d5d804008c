// What a policy says of host names: one name, or the names below one.
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <utility>

#include "engine/base/result.h"
#include "engine/net/host_name.h"

namespace portreeve::net {

// `api.example.com` (exact), `*.example.com` (exactly one label below), `**.example.com` (one or more below). A value.
// Whether a suffix is public, and what Unicode maps to, engine/load knows.
class HostPattern {
 public:
  enum class Kind { exact, one_label, any_depth };

  // Parses ASCII, folding case. Fails for a bare `*` or `**`, a wildcard elsewhere than as the whole first label, a
  // trailing dot, an address in any spelling, a port or path, a suffix that leaves no room for a label.
  static Result<HostPattern> parse(std::string_view text);

  // No allocation, any thread.
  bool matches(const HostName& name) const noexcept;

  Kind kind() const noexcept { return kind_; }
  // The name itself where exact, else what stands after the wildcard.
  const HostName& suffix() const noexcept { return suffix_; }
  std::string to_string() const;

  // Every name that `other` matches, this matches too.
  bool covers(const HostPattern& other) const noexcept;
  // Some name is matched by both.
  bool overlaps(const HostPattern& other) const noexcept;

  friend auto operator<=>(const HostPattern&, const HostPattern&) = default;
  friend bool operator==(const HostPattern&, const HostPattern&) = default;

 private:
  HostPattern(Kind kind, HostName suffix) : kind_(kind), suffix_(std::move(suffix)) {}
  Kind kind_;
  HostName suffix_;
};

}  // namespace portreeve::net
