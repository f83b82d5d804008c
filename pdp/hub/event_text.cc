#include "pdp/hub/event_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <span>
#include <vector>

#include "engine/base/json_value.h"

namespace portreeve::pdp {
namespace {

using storage::Event;
using storage::EventKind;

constexpr std::int64_t kHighestId = (std::int64_t{1} << 53) - 1;

void append_message(std::string& out, std::string_view name, std::optional<std::int64_t> id, const JsonValue& data) {
  if (id) out += fmt::format("id: {}\n", *id);
  out += fmt::format("event: {}\ndata: {}\n\n", name, to_canonical_json(data));
}

JsonValue revocation_data(const Event& event, std::span<const std::string> sessions) {
  JsonValue::Array ids(sessions.begin(), sessions.end());
  JsonValue data = JsonValue::Object{{"event", event.number},
                                     {"kind", to_text(event.kind)},
                                     {"sessions", std::move(ids)},
                                     {"reason", event.reason},
                                     {"time", to_rfc3339_millis(event.time)}};
  if (event.kind == EventKind::all) data.set("all", true);
  return data;
}

void append_revocation(std::string& out, const Event& event, std::span<const std::string> sessions) {
  do {
    const std::size_t count = std::min(sessions.size(), kSessionsPerMessage);
    const bool is_last = count == sessions.size();
    append_message(out, "revocation", is_last ? std::optional(event.number) : std::nullopt,
                   revocation_data(event, sessions.first(count)));
    sessions = sessions.subspan(count);
  } while (!sessions.empty());
}

}  // namespace

std::string hello_text(std::int64_t number, std::string_view revision, std::string_view pdp, Resumes resumes) {
  std::string out;
  append_message(out, "hello", resumes == Resumes::no ? std::optional(number) : std::nullopt,
                 JsonValue::Object{{"event", number}, {"revision", revision}, {"pdp", pdp}});
  return out;
}

std::string heartbeat_text(std::int64_t number) {
  return fmt::format("event: heartbeat\ndata: {{\"event\":{}}}\n\n", number);
}

std::string reset_text(const storage::EventLog::Cuts& cuts, Timestamp now) {
  std::string out;
  append_message(out, "reset", cuts.sessions.empty() ? std::optional(cuts.number) : std::nullopt,
                 JsonValue::Object{{"event", cuts.number}});
  Event all_of_them;
  all_of_them.number = cuts.number;
  all_of_them.kind = EventKind::session;
  all_of_them.time = now;
  if (!cuts.sessions.empty()) append_revocation(out, all_of_them, cuts.sessions);
  return out;
}

std::string event_text(const Event& event) {
  std::string out;
  if (event.kind == EventKind::activation) {
    append_message(out, "activation", event.number,
                   JsonValue::Object{
                       {"event", event.number}, {"revision", event.target}, {"time", to_rfc3339_millis(event.time)}});
    return out;
  }
  if (event.kind == EventKind::roles) {
    append_message(
        out, "roles", event.number,
        JsonValue::Object{{"event", event.number}, {"session", event.target}, {"time", to_rfc3339_millis(event.time)}});
    return out;
  }
  append_revocation(out, event, event.sessions);
  return out;
}

std::string event_text_for(const Event& event, const std::string& session) {
  if (event.kind == EventKind::activation || event.kind == EventKind::all) return event_text(event);
  if (!std::ranges::binary_search(event.sessions, session)) return {};
  if (event.kind == EventKind::roles) return event_text(event);
  std::string out;
  append_revocation(out, event, std::span(&session, 1));
  return out;
}

std::optional<std::int64_t> read_event_id(std::string_view text) {
  std::int64_t id = 0;
  if (text.empty() || text.front() < '0' || text.front() > '9' || (text.size() > 1 && text.front() == '0')) {
    return std::nullopt;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc{} || end != text.data() + text.size() || id > kHighestId) return std::nullopt;
  return id;
}

}  // namespace portreeve::pdp
