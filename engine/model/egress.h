// What may leave to a network.
#pragma once

#include <compare>
#include <string>
#include <vector>

#include "engine/base/time.h"
#include "engine/model/source.h"
#include "engine/net/host_pattern.h"
#include "engine/net/ip_prefix.h"
#include "engine/pattern/pattern.h"

namespace portreeve::model {

enum class Protocol : std::uint8_t { tls, http, tcp };

struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
  bool contains(std::uint16_t port) const { return first <= port && port <= last; }
  friend auto operator<=>(const PortRange&, const PortRange&) = default;
};

struct List : Document {
  std::vector<net::HostPattern> hosts;
};

// The only way to anything inside: by name, port and prefix.
struct InternalService : Document {
  std::vector<net::HostPattern> hosts;
  std::vector<net::IpPrefix> addresses;
  std::vector<PortRange> ports;     // {443} where the document states none
  std::vector<Protocol> protocols;  // {tls} where the document states none
  std::optional<std::string> mesh_tag;
};

struct EgressRuleLimits {
  std::optional<std::int64_t> bytes_in, bytes_out;  // bytes
  std::optional<Seconds> idle, total;
  std::optional<std::int64_t> connections;
  friend auto operator<=>(const EgressRuleLimits&, const EgressRuleLimits&) = default;
};

// Absent fields are std::nullopt here, as written: what absence means depends on the effect and lives in judgement
// (SEMANTICS §2, §3). Lists are expanded, names resolved. Target kinds: hosts (optionally with cidrs), cidrs, services,
// internet; exactly one.
struct EgressRule : RuleHeader {
  std::optional<std::vector<net::HostPattern>> hosts;
  std::optional<std::vector<net::IpPrefix>> cidrs;
  std::optional<std::vector<Reference>> services;
  bool internet = false;
  std::optional<std::vector<PortRange>> ports;
  std::optional<std::vector<Protocol>> protocols;
  std::optional<std::vector<std::string>> methods;
  std::optional<std::vector<pattern::Pattern>> paths;
  EgressRuleLimits limits;
  bool public_suffix_acknowledged = false;
  bool direct = false;
};

struct EgressPolicy : PolicyHeader {
  std::vector<EgressRule> rules;
};

}  // namespace portreeve::model
