// One call as the ledger holds it, and how two accounts of the same call are settled.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "accounting/price/price_book.h"
#include "engine/wire/usage_event.h"

namespace portreeve::accounting {

// Who told of a call. `gate`: a broker, by its spool; `litellm`: a LiteLLM proxy, by its callback.
enum class Source : std::uint8_t { gate = 1, litellm = 2 };
std::string_view to_text(Source source);

// What became of an event. `counted`: its figures stand. `agreed`: it says the same as what stands. `superseded`:
// better ones stand, as those of the provider before an estimate. `disputed`: it is as good as what stands, and says
// otherwise.
enum class Standing : std::uint8_t { counted = 0, agreed = 1, superseded = 2, disputed = 3 };
std::string_view to_text(Standing standing);

// An event as it was sent. `event.key` is unique within the source and kind.
struct Posting {
  Source source = Source::gate;
  wire::UsageEvent event;
  std::int64_t seq = 0;
};

// One call. `event` is the account that stands: the identity of the gate's where there is one, the figures of the best.
struct Call {
  std::int64_t id = 0;
  wire::UsageEvent event;
  Source figures_from = Source::gate;
  bool from_gate = false;
  bool from_litellm = false;
  bool disputed = false;
  Charge charge;
  std::string price_book;  // digest; empty where nothing was priced
  friend bool operator==(const Call&, const Call&) = default;
};

// How an event and its standing are shown under a call.
struct StoredEvent {
  Source source = Source::gate;
  Standing standing = Standing::counted;
  Timestamp received;
  std::string body;  // canonical JSON
};

// Which of two accounts of one call stands, and what becomes of either. The provider's figures go before an estimate,
// an estimate before nothing; of equals the gate's, which saw the bytes. Two reports that differ are a dispute. The
// order in which they came plays no part.
struct Settlement {
  bool second_stands = false;
  Standing first = Standing::counted;
  Standing second = Standing::counted;
};
Settlement settle(Source first_source, const wire::UsageEvent& first, Source second_source,
                  const wire::UsageEvent& second);

// Tokens in and out, of all kinds: what every source knows.
std::int64_t total_input(const wire::UsageCounters& counters);
std::int64_t total_output(const wire::UsageCounters& counters);

// What answered, or what was asked for where nobody says.
const std::string& billed_model(const wire::UsageEvent& event);
Charge charge_for(const PriceBook& book, const wire::UsageEvent& event);

}  // namespace portreeve::accounting
