// The one door for identity providers' tokens: signature, issuer, audience and times, against what the policy set
// names.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/clock.h"
#include "engine/base/result.h"
#include "engine/base/time.h"
#include "pdp/identity/key_times.h"
#include "pdp/identity/provider_trust.h"
#include "pdp/identity/verified_claims.h"

namespace portreeve::pdp {

// How one provider's keys stand, for readiness, metrics and the operator.
struct ProviderStatus {
  std::string name;
  std::size_t keys = 0;            // usable ones now; 0 where they could not be had
  std::string last_error;          // of the last attempt to get them; empty where it went well
  std::vector<std::string> notes;  // keys in the set that are not used, and why
};

// Verifies tokens. Safe from any thread. Verification itself runs where it is called (about 50 µs, nothing where the
// same token was seen before); only where the keys have yet to come does it wait, on a thread of its own.
//
// Keys are fetched in the background when a provider is first set, when they grow old, and when a token names an
// unknown key (docs: KeyTimes). A provider that cannot be reached keeps its last keys for a bounded time.
class TokenVerifier {
 public:
  struct Options {
    std::string ca_file;  // PEM, for TLS to providers; empty: the system's
    // With --dev: the key set of DevIssuer. Providers whose issuer is kDevIssuer take their keys from here, whatever
    // their `jwks` says. Without it such providers are left out and their tokens refused.
    std::optional<std::filesystem::path> dev_keys;
    KeyTimes times;
    std::size_t cached_tokens = 65'536;
  };

  // `clock` outlives the verifier; its steady part says when keys are old.
  TokenVerifier(Options options, const daemon::Clock& clock);
  // Completes what still waits with keys_unavailable. Waits for a fetch in progress (at most its deadline).
  ~TokenVerifier();
  TokenVerifier(const TokenVerifier&) = delete;
  TokenVerifier& operator=(const TokenVerifier&) = delete;

  // From now on exactly these are believed. All or nothing: two providers of one name or issuer, empty audiences or
  // algorithms, or an address that is neither https nor loopback is an error, and the previous ones stay. Keys of
  // providers that stay the same are kept; tokens verified before are verified anew. Never waits for the network.
  Status set_providers(const std::vector<ProviderTrust>& providers);

  // Verifies one compact JWS and calls `done` exactly once: inline where the keys are here, else from a thread of the
  // verifier within KeyTimes::deadline. `done` must not block and not destroy the verifier. No lock is held during it.
  void verify(std::string token, Timestamp now, std::function<void(TokenVerdict)> done);

  std::vector<ProviderStatus> status() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace portreeve::pdp
