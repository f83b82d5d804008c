// The console's side of OpenID Connect: where to send a browser, and what its code is worth.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/clock.h"
#include "engine/base/mutex.h"
#include "engine/base/result.h"
#include "pdp/identity/http_fetch.h"

namespace portreeve::pdp {

// As far as an issuer's configuration document says it (OpenID Connect Discovery 1.0 §3).
struct OpenIdEndpoints {
  std::string authorization;
  std::string token;
};

// `body`: the document. Fails where `issuer` in it is another, or an address is neither https nor on loopback. Total.
Result<OpenIdEndpoints> read_openid_configuration(std::string_view body, std::string_view issuer);
// The `id_token` of a token endpoint's answer (OpenID Connect Core 1.0 §3.1.3.3). Total.
Result<std::string> read_token_answer(std::string_view body);

// `S256` of RFC 7636 §4.2.
std::string code_challenge(std::string_view verifier);

// Thread-safe; blocks on the network, at most kPatience a call, one call at a time.
class OpenIdClient {
 public:
  static constexpr Seconds kPatience{5};
  static constexpr Millis kKept{600'000};  // how long a configuration is believed

  // `ca_file`: PEM, or empty for the system's. `clock` outlives it.
  OpenIdClient(std::string ca_file, const daemon::Clock& clock) : fetch_(std::move(ca_file)), clock_(clock) {}

  Result<OpenIdEndpoints> endpoints(const std::string& issuer);

  struct Redemption {
    std::string client_id;
    std::string code;
    std::string verifier;  // of PKCE
    std::string redirect_uri;
  };
  // The ID token for an authorization code, not yet verified.
  Result<std::string> redeem(const std::string& issuer, const Redemption& redemption);

 private:
  struct Known {
    OpenIdEndpoints endpoints;
    std::int64_t until_millis = 0;
  };
  Result<OpenIdEndpoints> find(const std::string& issuer) REQUIRES(mutex_);

  Mutex mutex_;
  HttpFetch fetch_ GUARDED_BY(mutex_);
  const daemon::Clock& clock_;
  std::map<std::string, Known, std::less<>> known_ GUARDED_BY(mutex_);  // by issuer: as many as the policies name
};

}  // namespace portreeve::pdp
