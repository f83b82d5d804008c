// The closed list of reason codes. Frozen: docs/reason-codes.md
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace portreeve::wire {

// In the order in which the first that holds names an answer (SEMANTICS §1), then those that only gates give.
enum class Reason : std::uint8_t {
  token_missing,
  token_invalid,
  token_expired,
  source_mismatch,
  session_unknown,
  session_ended,
  session_revoked,
  tenant_mismatch,
  unknown_secret,
  foreign_upstream,
  guard_loopback_address,
  guard_unspecified_address,
  guard_link_local_address,
  guard_metadata_address,
  guard_private_address,
  guard_shared_address,
  guard_unique_local_address,
  guard_multicast_address,
  guard_broadcast_address,
  guard_reserved_address,
  guard_documentation_address,
  guard_benchmarking_address,
  guard_protocol_address,
  guard_translated_address,
  guard_not_global_address,
  guard_overlay_address,
  guard_own_address,
  guard_special_use_name,
  guard_metadata_name,
  guard_single_label_name,
  guard_forbidden_port,
  guard_dynamic_loader,
  sni_mismatch,
  sni_missing,
  rule_deny,
  default_deny,
  rule_allow,
  // Gates alone.
  not_tls,
  ech_present,
  tls_malformed,
  hello_timeout,
  resolve_error,
  connect_refused,
  connect_timeout,
  limit_connections,
  limit_bytes,
  limit_idle,
  limit_total,
  limit_requests,
  secret_unavailable,
  upstream_untrusted,
  bad_answer,
  limit_wall,
  limit_cpu,
  limit_memory,
  limit_processes,
  pdp_unavailable,
  audit_unavailable,
  revoked,
  program_unavailable,
  confinement_unavailable,
  shutting_down,
  bad_request,
  // A PolicyTest's name for a question that the wire answers with 400.
  invalid_request,
  // UNREACHABLE_DENY's.
  internal_error,
};

// One row of the table of codes: how it is written and what it tells a person.
struct ReasonRow {
  Reason reason;
  std::string_view code;
  std::string_view meaning;
};

// Every code, in the order of the enumeration.
std::span<const ReasonRow> all_reasons();
std::string_view code(Reason reason);
std::string_view meaning(Reason reason);
std::optional<Reason> reason_from_code(std::string_view code);

}  // namespace portreeve::wire
