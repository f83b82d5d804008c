// `/v1/sessions`, `/v1/revocations`: read, cut, lift.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "pdp/admin/endpoints.h"

namespace portreeve::pdp {
namespace {

using storage::EventKind;

// The request's query without `tenants`, which every path has.
std::string own_query(const HttpRequest& request) {
  std::string out;
  for (std::string_view rest = request.query(); !rest.empty();) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (pair.substr(0, pair.find('=')) == "tenants") continue;
    out += (out.empty() ? "" : "&") + std::string(pair);
  }
  return out;
}

Step<storage::SessionPointer> find_covered(const AdminContext& context, const Grant& grant, std::string_view id) {
  auto found = context.parts.revocations.find(id);
  if (!found) return tl::unexpected(answer_to(found.error()));
  // Another tenant's session is as unknown as one that there is not.
  if (!grant.covers((*found)->tenant)) return refuse(404, "session-unknown", "there is no session of that id");
  return *std::move(found);
}

Step<AdminResponse> list(const AdminContext& context, const AdminCall& call) {
  auto filter = read_session_filter(own_query(call.request));
  if (!filter) return tl::unexpected(answer_to(filter.error()));
  if (call.grant.tenant) {
    if (filter->tenant && !call.grant.covers(filter->tenant)) return other_tenant(call.grant);
    filter->tenant = call.grant.tenant;
  }
  const Timestamp now = context.parts.clock.now();
  const auto page = context.parts.revocations.list(*std::move(filter), now);
  if (!page) return tl::unexpected(answer_to(page.error()));
  return json_answer(Revocations::to_json(*page, now));
}

Step<AdminResponse> show(const AdminContext& context, const AdminCall& call) {
  STEP(const auto session, find_covered(context, call.grant, call.path.front()));
  return json_answer(to_json(*session, context.parts.clock.now()));
}

// Whether a target lies wholly within what was granted. A subject may have sessions of several tenants.
Step<bool> check_target(const AdminContext& context, const Grant& grant, const storage::RevocationTarget& target) {
  if (!grant.tenant) return true;
  switch (target.kind) {
    case EventKind::session: {
      STEP(const auto session, find_covered(context, grant, target.name));
      return session != nullptr;
    }
    case EventKind::tenant:
      if (grant.covers(target.name)) return true;
      return other_tenant(grant);
    case EventKind::subject:
    case EventKind::all:
    case EventKind::end:
    case EventKind::activation:
    case EventKind::roles:
      break;
  }
  return other_tenant(grant);
}

JsonValue described(const storage::RevocationTarget& target) {
  return JsonValue::Object{{"kind", to_text(target.kind)}, {"target", target.name}};
}

Step<AdminResponse> revoke(const AdminContext& context, const AdminCall& call) {
  STEP(const JsonValue body, read_body(call.request));
  const auto request = read_revocation(body);
  if (!request) return tl::unexpected(answer_to(request.error()));
  const storage::RevocationTarget& target = request->target;
  STEP(const Grant grant,
       context.authorizer.ask(*call.visitor, call.reach, {{"revoke", "session", described(target)}}));
  STEP([[maybe_unused]] const bool covered, check_target(context, grant, target));
  const std::string& actor = call.visitor->principal.id;
  const auto revoked = context.parts.revocations.revoke(*request, actor, context.parts.clock.now());
  if (!revoked) return tl::unexpected(answer_to(revoked.error()));
  context.parts.notes.note({.actor = actor,
                            .action = "session.revoke",
                            .target = target.name,
                            .reason = request->reason,
                            .detail = JsonValue::Object{{"event", revoked->event},
                                                        {"kind", to_text(target.kind)},
                                                        {"sessions", static_cast<std::int64_t>(revoked->sessions)}}});
  return json_answer(to_json(*revoked, target));
}

Step<std::vector<storage::Bar>> bars_within(const AdminContext& context, const Grant& grant) {
  auto bars = context.parts.revocations.in_force();
  if (!bars) return tl::unexpected(answer_to(bars.error()));
  std::erase_if(*bars, [&](const storage::Bar& bar) {
    return grant.tenant && (bar.target.kind != EventKind::tenant || bar.target.name != *grant.tenant);
  });
  return *std::move(bars);
}

Step<AdminResponse> list_revocations(const AdminContext& context, const AdminCall& call) {
  STEP([[maybe_unused]] const bool known, only_parameters(call, {}));
  STEP(const auto bars, bars_within(context, call.grant));
  JsonValue::Array out;
  for (auto bar = bars.rbegin(); bar != bars.rend(); ++bar) out.push_back(to_json(*bar));
  return json_answer(JsonValue::Object{{"revocations", std::move(out)}});
}

Step<AdminResponse> lift(const AdminContext& context, const AdminCall& call) {
  std::int64_t event = 0;
  const std::string& text = call.path.front();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), event);
  if (error != std::errc{} || end != text.data() + text.size() || event < 1) {
    return refuse(400, "bad-request", "a revocation is named by the number of its event", "event");
  }
  STEP(const Grant grant, context.authorizer.ask(*call.visitor, call.reach, {{"lift", "session"}}));
  STEP(const auto bars, bars_within(context, grant));
  const auto bar = std::ranges::find(bars, event, &storage::Bar::event);
  if (bar == bars.end()) return refuse(404, "revocation-unknown", "no revocation of that number is in force");
  const auto lifted = context.parts.revocations.lift(event, context.parts.clock.now());
  if (!lifted) return tl::unexpected(answer_to(lifted.error()));
  context.parts.notes.note({.actor = call.visitor->principal.id,
                            .action = "revocation.lift",
                            .target = bar->target.name,
                            .detail = JsonValue::Object{{"event", event}, {"kind", to_text(bar->target.kind)}}});
  return no_content();
}

}  // namespace

std::vector<AdminRoute> session_routes() {
  using For = AdminRoute::For;
  return {
      {"GET", "/v1/sessions", For::visitors, {{"read", "session"}}, list},
      {"GET", "/v1/sessions/{id}", For::visitors, {{"read", "session"}}, show},
      {"POST", "/v1/revocations", For::visitors, {}, revoke},
      {"GET", "/v1/revocations", For::visitors, {{"read", "session"}}, list_revocations},
      {"DELETE", "/v1/revocations/{event}", For::visitors, {}, lift},
  };
}

}  // namespace portreeve::pdp
