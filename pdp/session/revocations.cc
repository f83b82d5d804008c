#include "pdp/session/revocations.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "engine/base/text.h"
#include "pdp/session/form.h"

namespace portreeve::pdp {
namespace {

using storage::EventKind;

// `<provider>/<sub>` of an issuer's longest, and far beyond any tenant's name.
constexpr std::size_t kNameBytes = 1024;

constexpr EventKind kTargets[] = {EventKind::session, EventKind::subject, EventKind::tenant, EventKind::all};

tl::unexpected<SessionProblem> problem(std::string field, std::string message) {
  return tl::unexpected(SessionProblem{400, "bad-request", std::move(message), std::move(field)});
}

tl::unexpected<SessionProblem> unavailable(const Error& error) {
  return tl::unexpected(SessionProblem{503, "state-unavailable", error.message, {}});
}

tl::unexpected<SessionProblem> unknown_session() {
  return tl::unexpected(SessionProblem{404, "session-unknown", "there is no session of that id", {}});
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kNameBytes && text.find('\0') == std::string_view::npos;
}

SessionResult<storage::RevocationTarget> read_target(EventKind kind, const JsonValue& value) {
  const std::string key(to_text(kind));
  if (kind == EventKind::all) {
    if (value.as_bool() == nullptr || !*value.as_bool()) return problem("/all", "`all` is true, or not there");
    return storage::RevocationTarget{kind, {}};
  }
  const std::string* name = value.as_string();
  if (name == nullptr || !is_name(*name)) {
    return problem("/" + key, fmt::format("`{}` is a string of 1 to {} bytes", key, kNameBytes));
  }
  if (kind == EventKind::subject && name->find('/') == std::string::npos) {
    return problem("/subject", "a subject is written `PROVIDER/SUB`");
  }
  return storage::RevocationTarget{kind, *name};
}

SessionResult<std::size_t> read_limit(const std::string& text) {
  std::size_t limit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (error != std::errc{} || end != text.data() + text.size() || limit < 1 || limit > kSessionPage) {
    return problem("limit", fmt::format("`limit` is a whole number from 1 to {}", kSessionPage));
  }
  return limit;
}

}  // namespace

SessionResult<std::string> read_reason(const JsonValue& body) {
  const JsonValue* reason = body.find("reason");
  if (reason == nullptr) return std::string();
  const std::string* text = reason->as_string();
  if (text == nullptr || text->size() > kReasonBytes || text->find('\0') != std::string::npos) {
    return problem("/reason", fmt::format("`reason` is a string of at most {} bytes", kReasonBytes));
  }
  return *text;
}

SessionResult<RevocationRequest> read_revocation(const JsonValue& body) {
  if (body.as_object() == nullptr) return problem("", "the body is a JSON object");
  for (const auto& [key, value] : *body.as_object()) {
    const auto kind = storage::event_kind_from_text(key);
    if (key != "reason" && (!kind || std::ranges::find(kTargets, *kind) == std::end(kTargets))) {
      return problem("/" + printable(key),
                     fmt::format("`{}` is none of `session`, `subject`, `tenant`, `all`, `reason`", printable(key)));
    }
  }
  RevocationRequest request;
  std::size_t targets = 0;
  for (const EventKind kind : kTargets) {
    const JsonValue* value = body.find(to_text(kind));
    if (value == nullptr) continue;
    auto target = read_target(kind, *value);
    if (!target) return tl::unexpected(std::move(target).error());
    request.target = *std::move(target);
    ++targets;
  }
  if (targets != 1) return problem("", "name exactly one of `session`, `subject`, `tenant`, `all`");
  auto reason = read_reason(body);
  if (!reason) return tl::unexpected(std::move(reason).error());
  request.reason = *std::move(reason);
  return request;
}

SessionResult<storage::SessionFilter> read_session_filter(std::string_view query) {
  const auto form = parse_form(query);
  if (!form) return problem("", form.error().message);
  storage::SessionFilter filter;
  for (const auto& [key, value] : *form) {
    if (key == "state") {
      filter.state = storage::session_state_from_text(value);
      if (!filter.state) return problem(key, "`state` is one of `live`, `ended`, `revoked`, `expired`");
    } else if (key == "limit") {
      const auto limit = read_limit(value);
      if (!limit) return tl::unexpected(limit.error());
      filter.limit = *limit;
    } else if (key != "subject" && key != "tenant" && key != "after") {
      return problem(printable(key),
                     fmt::format("`{}` is none of `state`, `subject`, `tenant`, `after`, `limit`", printable(key)));
    } else if (!is_name(value)) {
      return problem(key, fmt::format("`{}` is a text of 1 to {} bytes", key, kNameBytes));
    } else {
      (key == "subject" ? filter.subject_id : key == "tenant" ? filter.tenant : filter.after) = value;
    }
  }
  return filter;
}

JsonValue to_json(const storage::Session& session, Timestamp now) {
  JsonValue json = JsonValue::Object{{"id", session.id},
                                     {"subject", session.subject_id},
                                     {"state", to_text(session.state(now))},
                                     {"created", to_rfc3339(session.created)},
                                     {"expires", to_rfc3339(session.expires)}};
  if (session.tenant) json.set("tenant", *session.tenant);
  if (session.ended) json.set("ended", to_rfc3339(*session.ended));
  if (session.revoked) json.set("revoked", to_rfc3339(*session.revoked));
  JsonValue::Array addresses;
  for (const net::IpAddress& address : session.addresses) addresses.emplace_back(address.to_string());
  json.set("addresses", std::move(addresses));
  JsonValue labels{JsonValue::Object{}};
  for (const auto& [key, value] : session.labels) labels.set(key, value);
  json.set("labels", std::move(labels));
  if (session.roles) json.set("roles", JsonValue::Array(session.roles->begin(), session.roles->end()));
  return json;
}

JsonValue to_json(const storage::Revoked& revoked, const storage::RevocationTarget& target) {
  return JsonValue::Object{{"event", revoked.event},
                           {"kind", to_text(target.kind)},
                           {"target", target.name},
                           {"sessions", static_cast<std::int64_t>(revoked.sessions)}};
}

JsonValue to_json(const storage::Bar& bar) {
  JsonValue json = JsonValue::Object{{"event", bar.event},
                                     {"kind", to_text(bar.target.kind)},
                                     {"target", bar.target.name},
                                     {"actor", bar.actor},
                                     {"time", to_rfc3339(bar.time)}};
  if (!bar.reason.empty()) json.set("reason", bar.reason);
  return json;
}

SessionResult<storage::Revoked> Revocations::revoke(const RevocationRequest& request, std::string_view actor,
                                                    Timestamp now) const {
  const auto revoked = store_.revoke(request.target, {std::string(actor), request.reason}, now);
  if (!revoked) return unavailable(revoked.error());
  if (!*revoked) return unknown_session();
  return **revoked;
}

SessionResult<void> Revocations::lift(std::int64_t event, Timestamp now) const {
  const auto lifted = store_.lift(event, now);
  if (!lifted) return unavailable(lifted.error());
  if (!*lifted) {
    return tl::unexpected(SessionProblem{404, "revocation-unknown", "no revocation in force has that number", {}});
  }
  return {};
}

SessionResult<std::vector<storage::Bar>> Revocations::in_force() const {
  auto bars = store_.bars();
  if (!bars) return unavailable(bars.error());
  return *std::move(bars);
}

SessionResult<storage::SessionPointer> Revocations::find(std::string_view id) const {
  auto session = store_.find(id);
  if (!session) return unavailable(session.error());
  if (*session == nullptr) return unknown_session();
  return *std::move(session);
}

SessionResult<Revocations::Page> Revocations::list(storage::SessionFilter filter, Timestamp now) const {
  const std::size_t limit = std::clamp<std::size_t>(filter.limit, 1, kSessionPage);
  filter.limit = limit + 1;  // one more says whether there is a next page
  auto found = store_.list(filter, now);
  if (!found) return unavailable(found.error());
  Page page{*std::move(found), std::nullopt};
  if (page.sessions.size() > limit) {
    page.sessions.resize(limit);
    page.next = page.sessions.back()->id;
  }
  return page;
}

JsonValue Revocations::to_json(const Page& page, Timestamp now) {
  JsonValue::Array sessions;
  for (const auto& session : page.sessions) sessions.push_back(pdp::to_json(*session, now));
  JsonValue json = JsonValue::Object{{"sessions", std::move(sessions)}};
  if (page.next) json.set("next", *page.next);
  return json;
}

}  // namespace portreeve::pdp
