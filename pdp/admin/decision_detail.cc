// `/v1/decisions/{id}`: one record whole, with what explains it.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "engine/analyze/replay.h"
#include "engine/reader/json_reader.h"
#include "engine/wire/reason.h"
#include "pdp/admin/endpoints.h"
#include "pdp/admin/explanation.h"
#include "pdp/admin/record_json.h"

namespace portreeve::pdp {
namespace {

constexpr std::size_t kNeighbours = 10;
constexpr std::size_t kMostTrail = 1000;

tl::unexpected<HttpResponse> unreadable(const Error& error) { return refuse(503, "log-unavailable", error.message); }
tl::unexpected<HttpResponse> unknown() { return refuse(404, "not-found", "there is no such record"); }

Step<std::optional<storage::LoggedRecord>> look_up(storage::LogReader& reader, const std::string& id) {
  std::uint64_t index = 0;
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), index);
  const bool is_number = error == std::errc{} && end == id.data() + id.size();
  auto found = is_number ? reader.record_at(index) : reader.find(id);
  if (!found) return unreadable(found.error());
  return *std::move(found);
}

Result<wire::Record> read_record(const storage::LoggedRecord& logged) {
  TRY_ASSIGN(const JsonValue json, reader::parse_json(logged.bytes));
  return wire::record_from_json(json);
}

std::optional<std::string> tenant_of(const wire::Record& record) {
  const auto* const decision = std::get_if<wire::DecisionRecord>(&record);
  return decision == nullptr || decision->tenant.empty() ? std::nullopt : std::optional(decision->tenant);
}

// Whether the record is within what was granted. What gates report belongs to the tenant of the decision it is about.
Step<bool> is_covered(storage::LogReader& reader, const Grant& grant, const wire::Record& record) {
  if (!grant.tenant) return true;
  const auto* const report = std::get_if<wire::OutcomeRecord>(&record);
  if (report == nullptr || report->decision_id.empty()) return grant.covers(tenant_of(record));
  const auto decision = reader.find(report->decision_id);
  if (!decision) return unreadable(decision.error());
  if (!*decision) return false;
  const auto about = read_record(**decision);
  return about && grant.covers(tenant_of(*about));
}

// The members of the answer beyond the record, as canonical JSON texts by name.
using Members = std::vector<std::pair<std::string_view, std::string>>;

Step<bool> add_trail(storage::LogReader& reader, const wire::DecisionRecord& record, Members& out) {
  storage::RecordFilter filter;
  filter.decision_id = record.id;
  auto page = reader.search(filter, {.order = storage::PageOrder::oldest_first, .after = {}, .limit = kMostTrail});
  if (!page) return unreadable(page.error());
  if (!page->records.empty()) page->records.erase(page->records.begin());  // the decision itself is the first
  out.emplace_back("trail", to_json(page->records));
  return true;
}

Step<bool> add_neighbours(storage::LogReader& reader, const wire::DecisionRecord& record, std::uint64_t index,
                          Members& out) {
  if (record.session.empty()) return true;
  storage::RecordFilter filter;
  filter.session = record.session;
  filter.kind = wire::RecordKind::decision;
  auto before = reader.search(filter, {.after = index, .limit = kNeighbours});
  if (!before) return unreadable(before.error());
  const auto after =
      reader.search(filter, {.order = storage::PageOrder::oldest_first, .after = index, .limit = kNeighbours});
  if (!after) return unreadable(after.error());
  std::ranges::reverse(before->records);
  out.emplace_back("neighbours",
                   fmt::format(R"({{"after":{},"before":{}}})", to_json(after->records), to_json(before->records)));
  return true;
}

void add_explanation(const AdminContext& context, const wire::DecisionRecord& record, Members& out) {
  const auto put = [&](std::string_view name, const JsonValue& value) {
    out.emplace_back(name, to_canonical_json(value));
  };
  const auto unavailable = [&](const Error& error) {
    put("explanation", analyze::to_json(nullptr, analyze::Basis::unavailable, error.message));
    put("roles", unexplained_roles(record.roles));
  };
  const auto revision = context.policies.find(record.revision);
  if (!revision) return unavailable(revision.error());
  put("policies", to_json(excerpts(**revision, record.rules)));
  const auto explained = explain_record(record, **revision, context.parts.revocations);
  if (!explained) return unavailable(explained.error());
  const bool same = analyze::same_answer(record, explained->decision);
  put("explanation", analyze::to_json(&*explained, same ? analyze::Basis::replayed : analyze::Basis::differs,
                                      same ? std::string_view() : analyze::what_records_leave_out()));
  put("roles", analyze::to_json(explained->roles));
}

void add_session(const AdminContext& context, const wire::DecisionRecord& record, Members& out) {
  const auto session = context.parts.revocations.find(record.session);
  if (session) out.emplace_back("session", to_canonical_json(to_json(**session, context.parts.clock.now())));
}

Step<AdminResponse> show(const AdminContext& context, const AdminCall& call) {
  STEP([[maybe_unused]] const bool known, only_parameters(call, {}));
  auto reader = context.readers.borrow();
  if (!reader) return unreadable(reader.error());
  storage::LogReader& log = **reader;
  STEP(const auto found, look_up(log, call.path.front()));
  if (!found) return unknown();
  const auto record = read_record(*found);
  if (!record) return refuse(404, "not-found", "that record cannot be read");
  STEP(const bool covered, is_covered(log, call.grant, *record));
  if (!covered) return unknown();
  Members members;
  if (const auto* const decision = std::get_if<wire::DecisionRecord>(&*record)) {
    STEP([[maybe_unused]] const bool trailed, add_trail(log, *decision, members));
    STEP([[maybe_unused]] const bool neighboured, add_neighbours(log, *decision, found->index, members));
    if (const auto reason = wire::reason_from_code(decision->reason)) {
      members.emplace_back("meaning", to_canonical_json(JsonValue(wire::meaning(*reason))));
    }
    if (call.grant.allowed[1]) add_explanation(context, *decision, members);
    if (call.grant.allowed[2] && !decision->session.empty()) add_session(context, *decision, members);
  } else {
    members.emplace_back("trail", "[]");
  }
  std::string body = to_json(*found);
  body.pop_back();
  for (const auto& [name, json] : members) body += fmt::format(R"(,"{}":{})", name, json);
  return json_text_answer(body + "}");
}

}  // namespace

std::vector<AdminRoute> decision_detail_routes() {
  return {{"GET",
           "/v1/decisions/{id}",
           AdminRoute::For::visitors,
           {{"read", "decision-log"}, {"read", "policy"}, {"read", "session"}},
           show}};
}

}  // namespace portreeve::pdp
