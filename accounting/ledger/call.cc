#include "accounting/ledger/call.h"

namespace portreeve::accounting {

std::string_view to_text(Source source) { return source == Source::gate ? "gate" : "litellm"; }

std::string_view to_text(Standing standing) {
  switch (standing) {
    case Standing::counted:
      return "counted";
    case Standing::agreed:
      return "agreed";
    case Standing::superseded:
      return "superseded";
    case Standing::disputed:
      return "disputed";
  }
  return "disputed";
}

std::int64_t total_input(const wire::UsageCounters& counters) {
  return counters.input + counters.cache_read + counters.cache_write_5m + counters.cache_write_1h +
         counters.input_audio;
}
std::int64_t total_output(const wire::UsageCounters& counters) {
  return counters.output + counters.reasoning + counters.output_audio;
}

Settlement settle(Source first_source, const wire::UsageEvent& first, Source second_source,
                  const wire::UsageEvent& second) {
  Settlement out;
  if (first.certainty != second.certainty) {
    out.second_stands = second.certainty > first.certainty;
    (out.second_stands ? out.first : out.second) = Standing::superseded;
    return out;
  }
  out.second_stands = second_source == Source::gate && first_source != Source::gate;
  const bool same = total_input(first.counters) == total_input(second.counters) &&
                    total_output(first.counters) == total_output(second.counters);
  Standing& other = out.second_stands ? out.first : out.second;
  if (same) {
    other = Standing::agreed;
  } else {
    other = first.certainty == wire::UsageCertainty::reported ? Standing::disputed : Standing::superseded;
  }
  return out;
}

const std::string& billed_model(const wire::UsageEvent& event) {
  return event.answered_model.empty() ? event.model : event.answered_model;
}

Charge charge_for(const PriceBook& book, const wire::UsageEvent& event) {
  return book.rate({event.api, event.certainty, event.provider, billed_model(event), event.service_tier, event.time,
                    event.counters});
}

}  // namespace portreeve::accounting
