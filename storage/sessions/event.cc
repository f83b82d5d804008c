#include "storage/sessions/event.h"

namespace portreeve::storage {
namespace {

constexpr EventKind kAllKinds[] = {EventKind::session, EventKind::subject,    EventKind::tenant, EventKind::all,
                                   EventKind::end,     EventKind::activation, EventKind::roles};

}  // namespace

std::string_view to_text(EventKind kind) {
  switch (kind) {
    case EventKind::session:
      return "session";
    case EventKind::subject:
      return "subject";
    case EventKind::tenant:
      return "tenant";
    case EventKind::all:
      return "all";
    case EventKind::end:
      return "end";
    case EventKind::activation:
      return "activation";
    case EventKind::roles:
      return "roles";
  }
  return "session";
}

std::optional<EventKind> event_kind_from_text(std::string_view text) {
  for (const EventKind kind : kAllKinds) {
    if (to_text(kind) == text) return kind;
  }
  return std::nullopt;
}

}  // namespace portreeve::storage
