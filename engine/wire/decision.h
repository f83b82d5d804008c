// The answer, typed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/json_value.h"
#include "engine/base/time.h"
#include "engine/net/ip_address.h"
#include "engine/wire/reason.h"
#include "engine/wire/request.h"

namespace portreeve::wire {

// Limits, merged to the strictest. Bytes and whole seconds; absent means that no matching rule states one.
struct EgressLimits {
  std::optional<std::int64_t> bytes_in, bytes_out;
  std::optional<Seconds> idle, total;
  std::optional<std::int64_t> connections;
  friend bool operator==(const EgressLimits&, const EgressLimits&) = default;
};

struct EgressObligations {
  std::vector<net::IpAddress> addresses;          // all that were judged, sorted; empty at egress.resolve
  EgressProtocol protocol = EgressProtocol::tls;  // what the gate must see flow: tls or tcp for CONNECT
  EgressLimits limits;
  friend bool operator==(const EgressObligations&, const EgressObligations&) = default;
};

struct SecretObligations {
  SecretUse use = SecretUse::inject;
  std::optional<std::int64_t> requests_per_minute;
  std::optional<Seconds> lease_ttl;
  friend bool operator==(const SecretObligations&, const SecretObligations&) = default;
};

struct ExecLimits {
  std::optional<Seconds> wall, cpu;
  std::optional<std::int64_t> memory, processes, open_files;
  friend bool operator==(const ExecLimits&, const ExecLimits&) = default;
};

struct ExecObligations {
  std::vector<std::string> env;    // names of the request's that may be passed on, sorted
  std::vector<std::string> write;  // `DIR/**` or exact paths, sorted
  ExecLimits limits;
  friend bool operator==(const ExecObligations&, const ExecObligations&) = default;
};

// What a gate must do with an allow. std::monostate: nothing (a denial, or generic access).
using Obligations = std::variant<std::monostate, EgressObligations, SecretObligations, ExecObligations>;

// What the answer would be if dry-run rules were enforced; present where one of them matched.
struct DryRun {
  bool allowed = false;
  std::vector<std::string> rules;
  friend bool operator==(const DryRun&, const DryRun&) = default;
};

// An answer. `rules` are `policy/rule`, sorted: the deny rules that matched, else on an allow the allow rules that did.
struct Decision {
  bool allowed = false;
  Reason reason = Reason::default_deny;
  std::string rule_reason;  // of the first of `rules` that states one; empty if none does
  std::vector<std::string> rules;
  Obligations obligations;
  std::optional<DryRun> dry_run;
  std::vector<std::string> roles;     // the closure in force, sorted
  std::optional<std::string> tenant;  // the subject's
  Seconds cache_for{0};
  friend bool operator==(const Decision&, const Decision&) = default;
};

// `context.obligations` of the answer: integer bytes and seconds, keys as in policies. Null where there are none.
JsonValue obligations_to_json(const Obligations& obligations);

}  // namespace portreeve::wire
