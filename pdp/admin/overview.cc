// `/v1/overview` and `/v1/peps`: how things stand.
#include <algorithm>
#include <numeric>

#include "engine/reader/json_reader.h"
#include "pdp/admin/endpoints.h"
#include "pdp/admin/record_json.h"
#include "pdp/admin/record_query.h"

namespace portreeve::pdp {
namespace {

constexpr std::size_t kStretches = 1500;  // a day by the minute
constexpr Seconds kUsualSpan = std::chrono::hours(24);
constexpr std::size_t kNewest = 10;
constexpr std::size_t kMostPeps = 1000;

tl::unexpected<HttpResponse> unreadable(const Error& error) { return refuse(503, "log-unavailable", error.message); }
JsonValue number(std::uint64_t value) { return static_cast<std::int64_t>(value); }

// The newest record of a gate; null where there is none.
Step<JsonValue> last_contact(storage::LogReader& reader, const std::string& pep) {
  storage::RecordFilter filter;
  filter.pep = pep;
  const auto page = reader.search(filter, {.limit = 1});
  if (!page) return unreadable(page.error());
  if (page->records.empty()) return JsonValue();
  const storage::LoggedRecord& last = page->records.front();
  const auto record = reader::parse_json(last.bytes);
  const auto time = wire::record_time(last.bytes);
  if (!record || !time || record->find("kind") == nullptr) return JsonValue();
  JsonValue out = JsonValue::Object{
      {"index", number(last.index)}, {"kind", *record->find("kind")}, {"time", to_rfc3339_millis(*time)}};
  if (const JsonValue* const action = record->find("action")) out.set("action", *action);
  return out;
}

// Every gate that has a credential, or had records of late.
Step<JsonValue::Array> list_peps(const AdminContext& context, storage::LogReader& reader) {
  const auto credentials = context.parts.peps.list();
  if (!credentials) return refuse(503, "state-unavailable", credentials.error().message);
  JsonValue::Array out;
  std::vector<std::string> names;
  const auto add = [&](JsonValue pep, const std::string& name) -> Step<bool> {
    STEP(JsonValue contact, last_contact(reader, name));
    if (!contact.is_null()) pep.set("lastContact", std::move(contact));
    names.push_back(name);
    out.push_back(std::move(pep));
    return true;
  };
  for (auto credential = credentials->rbegin(); credential != credentials->rend(); ++credential) {
    if (out.size() == kMostPeps || std::ranges::find(names, credential->name) != names.end()) continue;
    JsonValue::Array domains;
    for (const storage::PepDomain domain : credential->domains.list()) domains.emplace_back(to_text(domain));
    JsonValue pep = JsonValue::Object{
        {"created", to_rfc3339(credential->created)}, {"domains", std::move(domains)}, {"name", credential->name}};
    if (credential->removed) pep.set("removed", to_rfc3339(*credential->removed));
    STEP([[maybe_unused]] const bool added, add(std::move(pep), credential->name));
  }
  storage::RecordFilter late;
  late.from = context.parts.clock.now().plus(-kUsualSpan);
  late.other_than_pep = kAdminPep;
  const auto seen =
      reader.facets(late, {storage::Field::pep}, kMostPeps, std::chrono::steady_clock::now() + kCountingTime);
  if (!seen) return unreadable(seen.error());
  for (const auto& [name, count] : seen->facets.front().values) {
    if (out.size() == kMostPeps || std::ranges::find(names, name) != names.end()) continue;
    STEP([[maybe_unused]] const bool added, add(JsonValue::Object{{"name", name}}, name));
  }
  std::ranges::sort(out, {}, [](const JsonValue& pep) { return *pep.find("name")->as_string(); });
  return out;
}

Step<AdminResponse> peps(const AdminContext& context, const AdminCall& call) {
  STEP([[maybe_unused]] const bool known, only_parameters(call, {}));
  auto reader = context.readers.borrow();
  if (!reader) return unreadable(reader.error());
  STEP(JsonValue::Array list, list_peps(context, **reader));
  return json_answer(JsonValue::Object{{"peps", std::move(list)}});
}

Step<std::int64_t> live_sessions(const AdminContext& context, const Grant& grant) {
  constexpr std::size_t kPage = 1000, kMost = 100'000;
  std::size_t live = 0;
  storage::SessionFilter filter;
  filter.tenant = grant.tenant;
  filter.state = storage::SessionState::live;
  filter.limit = kPage;
  while (live < kMost) {
    const auto page = context.parts.revocations.list(filter, context.parts.clock.now());
    if (!page) return tl::unexpected(answer_to(page.error()));
    live += page->sessions.size();
    if (!page->next) break;
    filter.after = page->next;
  }
  return static_cast<std::int64_t>(live);
}

JsonValue log_state(const storage::LogStats& stats) {
  JsonValue out = JsonValue::Object{{"indexed", number(stats.indexed)}, {"records", number(stats.records)}};
  if (!stats.journal_error.empty()) out.set("journalError", stats.journal_error);
  if (!stats.index_error.empty()) out.set("indexError", stats.index_error);
  return out;
}

Step<JsonValue> decisions_over_time(storage::LogReader& reader, storage::RecordFilter filter, JsonValue& body) {
  filter.kind = wire::RecordKind::decision;
  const auto histogram = reader.histogram(filter, kStretches, std::chrono::steady_clock::now() + kCountingTime);
  if (!histogram) return unreadable(histogram.error());
  std::uint64_t allowed = 0, denied = 0;
  for (const storage::TimeCount& count : histogram->counts) {
    allowed += count.allowed;
    denied += count.denied;
  }
  body.set("allowed", number(allowed));
  body.set("denied", number(denied));
  return to_json(*histogram);
}

Step<JsonValue::Array> denied_targets(storage::LogReader& reader, storage::RecordFilter filter) {
  filter.decision = false;
  const auto facets =
      reader.facets(filter, {storage::Field::resource}, kNewest, std::chrono::steady_clock::now() + kCountingTime);
  if (!facets) return unreadable(facets.error());
  JsonValue::Array out;
  for (const auto& [target, count] : facets->facets.front().values) {
    out.push_back(JsonValue::Object{{"count", number(count)}, {"target", target}});
  }
  return out;
}

Step<AdminResponse> overview(const AdminContext& context, const AdminCall& call) {
  constexpr std::string_view kOwn[] = {"from", "until", "tenant"};
  STEP([[maybe_unused]] const bool known, only_parameters(call, kOwn));
  STEP(auto filter, read_record_filter(call));
  if (!filter.from) filter.from = filter.until.value_or(context.parts.clock.now()).plus(-kUsualSpan);
  filter.other_than_pep = kAdminPep;  // what gates ask is the subject here
  auto reader = context.readers.borrow();
  if (!reader) return unreadable(reader.error());
  JsonValue body{JsonValue::Object{}};
  STEP(JsonValue decisions, decisions_over_time(**reader, filter, body));
  body.set("decisions", std::move(decisions));
  STEP(JsonValue::Array targets, denied_targets(**reader, filter));
  body.set("deniedTargets", std::move(targets));
  storage::RecordFilter denials = filter;
  denials.decision = false;
  const auto newest = (*reader)->search(denials, {.limit = kNewest});
  if (!newest) return unreadable(newest.error());
  if (call.grant.allowed[1]) {
    STEP(JsonValue::Array list, list_peps(context, **reader));
    body.set("peps", std::move(list));
  }
  if (call.grant.allowed[2]) {
    STEP(const std::int64_t live, live_sessions(context, call.grant));
    body.set("sessions", JsonValue::Object{{"live", live}});
  }
  body.set("log", log_state(context.parts.log.stats()));
  std::string text = to_canonical_json(body);
  text.pop_back();
  return json_text_answer(text + R"(,"denials":)" + to_json(newest->records) + "}");
}

}  // namespace

std::vector<AdminRoute> overview_routes() {
  using For = AdminRoute::For;
  return {
      {"GET",
       "/v1/overview",
       For::visitors,
       {{"read", "decision-log"}, {"read", "pep"}, {"read", "session"}},
       overview},
      {"GET", "/v1/peps", For::visitors, {{"read", "pep"}}, peps},
  };
}

}  // namespace portreeve::pdp
