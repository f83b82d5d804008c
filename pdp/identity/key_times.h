// How long an issuer's keys are believed, and how often it is asked for them.
#pragma once

#include <chrono>

#include "engine/base/time.h"

namespace portreeve::pdp {

struct KeyTimes {
  // A fetched key set is fresh for its `Cache-Control: max-age` within these bounds, or for the default.
  Seconds ttl_least{300};
  Seconds ttl_most{86'400};
  Seconds ttl_default{600};
  // Past its freshness a set serves on for this long while the issuer cannot be reached; then nothing verifies.
  Seconds kept_when_away{3'600};
  // A token with a key id that the set does not hold has the set fetched again, at most this often: what rotates is
  // seen at once, and who sends random key ids cannot make us hammer the issuer.
  Seconds unknown_key_interval{30};
  Seconds retry_interval{5};          // between attempts that fail
  Millis deadline{5'000};             // of one fetch, and of one verification that waits for it
  Millis file_check_interval{1'000};  // between looks at a key set in a file
};

}  // namespace portreeve::pdp
