#include "tools/portreeve/recorded_decision.h"

#include <fmt/format.h>

#include <filesystem>

#include "engine/analyze/replay.h"
#include "engine/base/text.h"
#include "engine/reader/json_reader.h"
#include "storage/revisions/revision_store.h"
#include "storage/sessions/principal.h"
#include "storage/sqlite/log_reader.h"
#include "storage/sqlite/state_store.h"

namespace portreeve::cli {
namespace {

Result<wire::DecisionRecord> read_record(const std::string& data, const std::string& id) {
  TRY_ASSIGN(const auto reader, storage::open_log_reader(data));
  TRY_ASSIGN(const auto found, reader->find(id));
  if (!found) return fail(fmt::format("no decision has the id `{}`", printable(id)));
  TRY_ASSIGN(const JsonValue json, reader::parse_json(found->bytes));
  return wire::decision_from_json(json);
}

Result<LoadedPolicies> read_revision(const std::string& data, const std::string& revision) {
  LoadedPolicies policies;
  TRY_ASSIGN(policies.files, storage::RevisionStore::read_beside(data + "/revisions", revision));
  policies.prefix = fmt::format("{}/revisions/{}/files/", data, revision.substr(revision.find(':') + 1));
  policies.result = load::load(policies.files);
  if (policies.result.set == nullptr) return fail(fmt::format("revision `{}` does not load any more", revision));
  if (policies.result.revision != revision)
    return fail(fmt::format("the time zones here are not those that `{}` was made with", revision));
  return policies;
}

Result<std::optional<wire::Principal>> session_of(const std::string& data, const std::string& id) {
  const std::string path = data + "/state.sqlite";
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return std::optional<wire::Principal>();
  TRY_ASSIGN(const auto sessions, storage::open_session_store(path));
  TRY_ASSIGN(const auto session, sessions->find(id));
  if (session == nullptr) return std::optional<wire::Principal>();
  return std::optional(storage::principal_of(*session, session->expires));
}

std::string note_of(const RecordedDecision& recorded, bool same) {
  std::string note;
  if (recorded.asked) {
    note = "judged again with the claims that its session was made with";
  } else if (recorded.session_is_gone) {
    note = "its session is no longer stored, so that it was judged without its claims";
  } else {
    note = "judged again from the record, which keeps no tokens and no claims";
  }
  return note + (same ? ""
                      : fmt::format("; it was recorded as {} {}: {}", recorded.record.decision ? "allow" : "deny",
                                    recorded.record.reason, analyze::what_records_leave_out()));
}

}  // namespace

Result<RecordedDecision> find_recorded(const std::string& data, const std::string& id) {
  RecordedDecision out;
  TRY_ASSIGN(out.record, read_record(data, id));
  TRY_ASSIGN(out.policies, read_revision(data, out.record.revision));
  if (!out.record.session.empty()) {
    TRY_ASSIGN(out.asked, session_of(data, out.record.session));
    out.session_is_gone = !out.asked;
  }
  return out;
}

Result<Explained> explain_recorded(const RecordedDecision& recorded) {
  wire::Principal principal = analyze::recorded_principal(recorded.record, recorded.asked);
  TRY_ASSIGN(const wire::Request request, analyze::recorded_question(recorded.record, std::move(principal)));
  const auto snapshot = compile::compile(recorded.policies.result.set);
  Explained out{recorded.policies, analyze::explain(*snapshot, request, &recorded.policies.files), {}, {}, {}};
  const bool same = analyze::same_answer(recorded.record, out.why.decision);
  out.basis = same ? analyze::Basis::replayed : analyze::Basis::differs;
  out.note = note_of(recorded, same);
  out.decision_id = recorded.record.id;
  return out;
}

}  // namespace portreeve::cli
