#include "pdp/service/deed_notes.h"

namespace portreeve::pdp {

void DeedNotes::note(const Deed& deed) const {
  wire::AdminRecord record;
  record.time = clock_.now();
  record.source = source_;
  record.seq = next_seq_.fetch_add(1, std::memory_order_relaxed);
  record.actor = deed.actor;
  record.action = deed.action;
  record.target = deed.target;
  record.revision = deed.revision;
  record.reason = deed.reason;
  record.detail = deed.detail;
  record.result = "ok";
  decisions_.note(std::move(record), [this, action = std::string(deed.action)](Result<std::uint64_t> noted) {
    if (!noted) log_.error("what was done could not be recorded", {{"action", action}, {"why", noted.error().message}});
  });
}

}  // namespace portreeve::pdp
