// Who asks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/json_value.h"
#include "engine/base/time.h"

namespace portreeve::wire {

// On whose word a subject is known.
enum class Assurance : std::uint8_t {
  verified,  // a token of an IdentityProvider (now, or when the session was made), or a PolicyTest's simulated one
  asserted,  // the word of an authenticated PEP: bindings by user only, no claims
};

// A session as judgement sees it. `labels` are the requester's own words.
struct SessionFacts {
  std::string id;
  Timestamp started;
  std::vector<std::pair<std::string, std::string>> labels;  // sorted by key, each once
  // Stands for the age where a PolicyTest states it; else the age is the request's time less `started`.
  std::optional<Seconds> stated_age;
  // Stands over the provider's and the bindings' trust where a PolicyTest states it.
  std::optional<std::string> stated_trust;
  // The roles that were activated, sorted, each once; absent: every one that the subject is authorised for.
  std::optional<std::vector<std::string>> roles = {};
};

// Who asks: what was verified of it, not what it may do. Roles are worked out from this at every decision.
struct Principal {
  Assurance assurance = Assurance::asserted;
  std::string type;                          // "user" for everyone known by a token
  std::string id;                            // "<provider>/<sub>" for type user
  std::string provider;                      // name of the IdentityProvider; empty for asserted subjects of other types
  JsonValue claims;                          // object, verified; null for asserted subjects
  std::optional<std::string> chosen_tenant;  // chosen at token exchange, one of the claim's values
  JsonValue properties;                      // what the request states of an asserted subject; null otherwise
  std::optional<SessionFacts> session;
  std::optional<Timestamp> token_expires;  // bounds cacheFor
};

}  // namespace portreeve::wire
