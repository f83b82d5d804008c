#include "pep/client/pdp_event.h"

#include <boost/json/value.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "engine/base/limits.h"
#include "pep/client/strict_json.h"

namespace portreeve::pep {
namespace {

namespace json = boost::json;

// A kind that this gate does not know cuts like any other: what is told as a revocation is one.
Result<PdpEvent> read_revocation(const json::object& data, std::int64_t event) {
  Revocation revocation;
  revocation.event = event;
  const auto kind = identifier_in(data, "kind");
  if (!kind) return fail("a revocation has no `kind`");
  revocation.ended = *kind == "end";
  if (const json::value* all = data.if_contains("all")) {
    if (!all->is_bool()) return fail("a revocation's `all` is no boolean");
    revocation.all = all->get_bool();
  }
  const json::value* sessions = data.if_contains("sessions");
  if (sessions != nullptr && !sessions->is_array()) return fail("a revocation's `sessions` is no list");
  if (sessions == nullptr && !revocation.all) return fail("a revocation names no sessions");
  for (const json::value& session : sessions == nullptr ? json::array() : sessions->get_array()) {
    auto id = as_identifier(session);
    if (!id) return fail("a revocation names something that is no session");
    revocation.sessions.push_back(*std::move(id));
  }
  if (revocation.sessions.size() > limits::kEventSessions) return fail("a revocation names too many sessions");
  return PdpEvent(std::move(revocation));
}

}  // namespace

Result<PdpEvent> read_event(const SseEvent& event) {
  const std::string_view type = event.type;
  if (type != "hello" && type != "revocation" && type != "activation" && type != "heartbeat" && type != "reset" &&
      type != "roles") {
    return PdpEvent(UnknownEvent{});
  }
  TRY_ASSIGN(const auto value, read_json(event.data));
  const json::object* data = value.if_object();
  const auto number = data == nullptr ? std::nullopt : count_in(*data, "event");
  if (!number) return fail("an event has no number");
  if (event.id && *event.id != *number) return fail("an event's id is not its number");
  if (type == "heartbeat") return PdpEvent(Heartbeat{*number});
  if (type == "reset") return PdpEvent(Reset{*number});
  if (type == "roles") return PdpEvent(RoleChange{*number});
  if (type == "revocation") return read_revocation(*data, *number);
  auto revision = identifier_in(*data, "revision");
  if (!revision) return fail("an event names no revision");
  if (type == "hello") return PdpEvent(Hello{*number, *std::move(revision)});
  return PdpEvent(Activation{*number, *std::move(revision)});
}

}  // namespace portreeve::pep
