#include "engine/wire/reason.h"

#include <array>

#include "engine/base/check.h"

namespace portreeve::wire {
namespace {

using enum Reason;

// Frozen: docs/reason-codes.md
constexpr auto kRows = std::to_array<ReasonRow>({
    {token_missing, "token-missing", "no token of a session came with the question"},
    {token_invalid, "token-invalid", "the token is not one that the policy set's issuers or this PDP signed for us"},
    {token_expired, "token-expired", "the token's time is over; ask for a new one"},
    {source_mismatch, "source-mismatch", "the session is bound to other source addresses"},
    {session_unknown, "session-unknown", "no such session, or no session is bound to that address"},
    {session_ended, "session-ended", "the session's time is over"},
    {session_revoked, "session-revoked", "the session was revoked"},
    {tenant_mismatch, "tenant-mismatch", "the token and the session name different tenants"},
    {unknown_secret, "unknown-secret", "the policy set declares no secret of that name"},
    {foreign_upstream, "foreign-upstream", "the upstream is not one of the secret's"},
    {guard_loopback_address, "guard:loopback-address", "the address is the machine itself"},
    {guard_unspecified_address, "guard:unspecified-address", "the address names no host"},
    {guard_link_local_address, "guard:link-local-address", "the address is of the local link"},
    {guard_metadata_address, "guard:metadata-address", "the address is a cloud's metadata service"},
    {guard_private_address, "guard:private-address",
     "the address is private (RFC 1918) and no InternalService opens it"},
    {guard_shared_address, "guard:shared-address", "the address is shared (RFC 6598) and no InternalService opens it"},
    {guard_unique_local_address, "guard:unique-local-address",
     "the address is unique-local (RFC 4193) and no InternalService opens it"},
    {guard_multicast_address, "guard:multicast-address", "the address is multicast"},
    {guard_broadcast_address, "guard:broadcast-address", "the address is broadcast"},
    {guard_reserved_address, "guard:reserved-address", "the address is reserved"},
    {guard_documentation_address, "guard:documentation-address", "the address is for documentation only"},
    {guard_benchmarking_address, "guard:benchmarking-address", "the address is for benchmarking only"},
    {guard_protocol_address, "guard:protocol-address", "the address is assigned to a protocol"},
    {guard_translated_address, "guard:translated-address", "the IPv6 address embeds an IPv4 address"},
    {guard_not_global_address, "guard:not-global-address", "the address is not global unicast"},
    {guard_overlay_address, "guard:overlay-address", "the address is an overlay network's own service"},
    {guard_own_address, "guard:own-address", "the address is one of the deployment's own"},
    {guard_special_use_name, "guard:special-use-name", "the name is reserved for special use"},
    {guard_metadata_name, "guard:metadata-name", "the name is a cloud's metadata service"},
    {guard_single_label_name, "guard:single-label-name", "the name has one label only"},
    {guard_forbidden_port, "guard:forbidden-port", "the port is a control plane's"},
    {guard_dynamic_loader, "guard:dynamic-loader", "the dynamic loader would run any file"},
    {sni_mismatch, "sni-mismatch", "the TLS server name is not the judged host"},
    {sni_missing, "sni-missing", "the TLS hello names no server"},
    {rule_deny, "rule-deny", "a deny rule matched"},
    {default_deny, "default-deny", "no allow rule covers all that was asked for"},
    {rule_allow, "rule-allow", "an allow rule matched and nothing denied"},
    {not_tls, "not-tls", "the first bytes are no TLS hello"},
    {ech_present, "ech-present", "the TLS hello hides its server name"},
    {tls_malformed, "tls-malformed", "the TLS hello is malformed"},
    {hello_timeout, "hello-timeout", "no TLS hello came in time"},
    {resolve_error, "resolve-error", "the name could not be resolved"},
    {connect_refused, "connect-refused", "the destination refused the connection"},
    {connect_timeout, "connect-timeout", "the destination did not answer in time"},
    {limit_connections, "limit-connections", "too many connections at once"},
    {limit_bytes, "limit-bytes", "the connection carried all the bytes it may"},
    {limit_idle, "limit-idle", "the connection was idle for too long"},
    {limit_total, "limit-total", "the connection was open for as long as it may be"},
    {limit_requests, "limit-requests", "more requests in a minute than are allowed"},
    {secret_unavailable, "secret-unavailable", "the broker cannot read the secret's value"},
    {upstream_untrusted, "upstream-untrusted", "the upstream did not prove to be the declared one"},
    {bad_answer, "bad-answer", "the upstream's answer cannot be passed on"},
    {limit_wall, "limit-wall", "the process ran for as long as it may"},
    {limit_cpu, "limit-cpu", "the process used all the processor time it may"},
    {limit_memory, "limit-memory", "the process used more memory than it may"},
    {limit_processes, "limit-processes", "too many processes at once"},
    {pdp_unavailable, "pdp-unavailable", "the policy decision point gave no usable answer"},
    {audit_unavailable, "audit-unavailable", "the decision could not be recorded"},
    {revoked, "revoked", "the session was revoked while this was open"},
    {program_unavailable, "program-unavailable", "the program cannot be opened or executed"},
    {confinement_unavailable, "confinement-unavailable", "the kernel or the sandbox lacks what the obligations need"},
    {shutting_down, "shutting-down", "the sandbox is being shut down"},
    {bad_request, "bad-request", "the request is malformed"},
    {invalid_request, "invalid-request", "the question is malformed"},
    {internal_error, "internal-error", "a state that cannot be; please report it"},
});

static_assert([] {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (static_cast<std::size_t>(kRows[i].reason) != i) return false;
  }
  return kRows.size() == static_cast<std::size_t>(internal_error) + 1;
}());

}  // namespace

std::span<const ReasonRow> all_reasons() { return kRows; }

std::string_view code(Reason reason) { return kRows[static_cast<std::size_t>(reason)].code; }
std::string_view meaning(Reason reason) { return kRows[static_cast<std::size_t>(reason)].meaning; }

std::optional<Reason> reason_from_code(std::string_view code) {
  for (const ReasonRow& row : kRows) {
    if (row.code == code) return row.reason;
  }
  return std::nullopt;
}

}  // namespace portreeve::wire
