// The canonical bytes of the decision log's records. Frozen: docs/decision-log-format.md
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/base/json_value.h"
#include "engine/base/result.h"
#include "engine/base/time.h"

namespace portreeve::wire {

inline constexpr std::int64_t kRecordSchemaVersion = 1;

// What a record says: what was decided; what a gate then did, that it used a cached answer once more, or that it
// refused without asking; what an admin did. Their texts are `decision` `outcome` `use` `refusal` `admin`.
enum class RecordKind : std::uint8_t { decision, outcome, use, refusal, admin };
std::string_view to_text(RecordKind kind);
std::optional<RecordKind> record_kind_from_text(std::string_view text);

// The process that wrote the record: its configured name, and an id made anew at each start.
struct RecordSource {
  std::string name;
  std::string boot;
  friend bool operator==(const RecordSource&, const RecordSource&) = default;
};

struct RecordSubject {
  std::string type;
  std::string id;
  friend bool operator==(const RecordSubject&, const RecordSubject&) = default;
};

// `properties` is null or an object that recordable_properties() made; other members never reach the bytes.
struct RecordResource {
  std::string type;
  std::string id;
  JsonValue properties;
  friend bool operator==(const RecordResource&, const RecordResource&) = default;
};

// What the answer would be if dry-run rules were enforced.
struct RecordDryRun {
  bool decision = false;
  std::vector<std::string> rules;
  friend bool operator==(const RecordDryRun&, const RecordDryRun&) = default;
};

// A field that was cut because the record would not have fitted: `field` is its JSON pointer, `bytes` the size that its
// canonical JSON had.
struct TruncatedField {
  std::string field;
  std::int64_t bytes = 0;
  friend bool operator==(const TruncatedField&, const TruncatedField&) = default;
};

// One decision. Never bodies, argument or environment values, tokens or secrets. Empty optional texts are left out of
// the bytes. Requires where bytes are made: 0 <= seq, latency_micros, revocation_event <= 2^53 - 1.
struct DecisionRecord {
  std::string id;  // `dec_` and a ULID
  Timestamp time;  // the PDP's clock, to the millisecond
  RecordSource source;
  std::int64_t seq = 0;  // 1, 2, … per source
  std::string revision;  // `sha256:` and 64 hex digits
  RecordSubject subject;
  std::string session;  // optional
  std::string tenant;   // optional
  std::string action;
  RecordResource resource;
  bool decision = false;
  std::string reason;       // a fixed code (engine/wire/reason.h)
  std::string rule_reason;  // optional: the rule's own words
  std::vector<std::string> rules;
  JsonValue obligations;  // null or an object
  std::optional<RecordDryRun> dry_run;
  std::vector<std::string> roles;
  std::string pep;    // the authenticated gate that asked
  std::string trace;  // optional: W3C trace id
  std::int64_t latency_micros = 0;
  std::int64_t revocation_event = 0;      // the last revocation event taken into account
  std::vector<TruncatedField> truncated;  // as read; to_bytes() works it out anew
  friend bool operator==(const DecisionRecord&, const DecisionRecord&) = default;
};

// What a gate reports: an outcome of a decision, a use of a cached answer, or a refusal without one.
// Requires: kind is kOutcome, kUse or kRefusal. (gate, boot, seq) identifies it.
struct OutcomeRecord {
  RecordKind kind = RecordKind::outcome;
  std::string gate;                        // the authenticated PEP, never what a body says
  std::string boot;                        // the gate's run
  std::int64_t seq = 0;                    // 1, 2, … per (gate, boot)
  Timestamp time;                          // the gate's clock
  Timestamp received;                      // the PDP's clock
  RecordSource source;                     // the PDP that took it in
  std::string decision_id;                 // empty on a refusal
  std::string event;                       // `opened` `closed` `refused` `started` `exited` …
  std::string result;                      // optional: `ok` `failed` …
  std::string reason;                      // optional: a fixed code
  std::string session;                     // optional, for refusals
  std::string action;                      // optional, for refusals
  std::optional<RecordResource> resource;  // for refusals
  std::string address;                     // optional: the address dialled
  std::optional<std::int64_t> bytes_in;    // towards the workload
  std::optional<std::int64_t> bytes_out;   // from the workload
  std::optional<std::int64_t> duration_millis;
  std::optional<std::int64_t> exit_status;
  std::optional<std::int64_t> signal;
  std::optional<std::int64_t> uses;  // how many uses a `use` record stands for
  std::optional<std::int64_t> lost;  // records a gate without a disk had to give up before this one
  std::string trace;                 // optional
  std::vector<TruncatedField> truncated;
  friend bool operator==(const OutcomeRecord&, const OutcomeRecord&) = default;
};

// Something an admin or the PDP itself did: a policy activation, a credential made or removed, a session ended.
struct AdminRecord {
  Timestamp time;
  RecordSource source;
  std::int64_t seq = 0;
  std::string actor;     // `<provider>/<sub>`, a PEP's name, or `pdp`
  std::string action;    // `policy.activate` `pep.add` `session.end` …
  std::string target;    // optional
  std::string revision;  // optional
  std::string result;    // `ok` or `failed`
  std::string reason;    // optional
  JsonValue detail;      // null or an object
  std::vector<TruncatedField> truncated;
  friend bool operator==(const AdminRecord&, const AdminRecord&) = default;
};

using Record = std::variant<DecisionRecord, OutcomeRecord, AdminRecord>;

RecordKind kind_of(const Record& record);
// The instant by which the log orders a record: the PDP's clock (`received` of what gates report, else `time`).
Timestamp time_of(const Record& record);

// The members of a question's `resource.properties` that a record may hold, by action: the only way into a record.
// egress.*: host port protocol addresses sni method path; secret.use: use upstream method path model;
// process.exec: file stable cwd user terminal interpreter (its path), argumentCount of args, environmentCount of env.
// Any other action: none. Paths lose their query, upstreams user info and query. Members of an unexpected type are left
// out.
JsonValue recordable_properties(std::string_view action, const JsonValue& properties);

// The canonical bytes: RFC 8785, at most limits::kRecordBytes; ill-formed UTF-8 becomes U+FFFD. Where they would not
// fit, the longest fields are cut and named in `truncated`. Fails only where a number is out of range.
Result<std::string> to_bytes(const DecisionRecord& record);
Result<std::string> to_bytes(const OutcomeRecord& record);
Result<std::string> to_bytes(const AdminRecord& record);
Result<std::string> to_bytes(const Record& record);

// Reads a parsed record back. Unknown members are ignored; another `v`, a missing or mistyped known member is an error.
Result<Record> record_from_json(const JsonValue& value);
Result<DecisionRecord> decision_from_json(const JsonValue& value);
Result<OutcomeRecord> outcome_from_json(const JsonValue& value);

// time_of() from the bytes alone, without a parser: a scan of the top-level members of canonical JSON.
Result<Timestamp> record_time(std::string_view bytes);

}  // namespace portreeve::wire
