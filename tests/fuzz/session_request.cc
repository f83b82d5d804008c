#include "engine/base/limits.h"
#include "engine/reader/json_reader.h"
#include "pdp/hub/event_text.h"
#include "pdp/session/revocations.h"
#include "pdp/session/role_activation.h"
#include "tests/fuzz/input.h"

// What administration, orchestrators and gates say of sessions: a query, a scope, a body, the id of an event.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace portreeve;
  const std::string_view text = as_text(data, size);
  if (const auto filter = pdp::read_session_filter(text))
    CHECK(filter->limit >= 1 && filter->limit <= pdp::kSessionPage);
  if (const auto id = pdp::read_event_id(text)) CHECK(std::to_string(*id) == text);
  if (const auto scope = pdp::parse_scope(text)) {
    CHECK(!scope->empty() && scope->size() <= limits::kActivatedRoles);
    CHECK(pdp::to_scope(*scope) == text);
  }
  const auto body = reader::parse_json(text);
  if (!body) return 0;
  if (const auto read = pdp::read_revocation(*body)) {
    CHECK(read->target.name.empty() == (read->target.kind == storage::EventKind::all));
    CHECK(read->reason.size() <= pdp::kReasonBytes);
  }
  if (const auto read = pdp::read_role_change(*body)) CHECK(!read->activate.empty() || !read->drop.empty());
  return 0;
}
