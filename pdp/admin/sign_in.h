// Signing in at the console with an identity provider: OpenID Connect, authorization code with PKCE.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "daemon/clock.h"
#include "engine/base/mutex.h"
#include "engine/base/result.h"
#include "engine/base/time.h"
#include "engine/model/identity_provider.h"
#include "engine/wire/principal.h"
#include "pdp/identity/openid_client.h"
#include "pdp/identity/token_verifier.h"
#include "pdp/session/token_exchange.h"

namespace portreeve::pdp {

// Why a sign-in came to nothing. Their texts, `refused`, `expired` and `failed`, are all that the browser is told.
enum class SignInFailure : std::uint8_t {
  refused,  // by the provider: the person went away, or may not
  expired,  // begun too long ago, in another browser, or ended once already
  failed,   // the provider cannot be asked, or what it says cannot be believed
};
std::string_view to_text(SignInFailure failure);

// Sign-ins under way, each bound to the browser that began it. In memory. Thread-safe; end() and begin() block on the
// provider.
class SignIns {
 public:
  static constexpr Seconds kPatience = std::chrono::minutes(10);
  // At once; the oldest makes room. Beginning one needs no credential.
  static constexpr std::size_t kMost = 1024;

  struct Parts {  // all outlive it
    OpenIdClient& client;
    TokenVerifier& verifier;  // believes ID tokens for the console's clients, and nothing else
    ClaimMapper map;
    const daemon::Clock& clock;
  };
  // `redirect_uri`: where the provider sends the browser back to.
  SignIns(Parts parts, std::string redirect_uri) : parts_(std::move(parts)), redirect_uri_(std::move(redirect_uri)) {}

  struct Begun {
    std::string address;  // at the provider, for the browser
    std::string browser;  // for a cookie: end() wants it back
  };
  // Requires: the provider has a console client. `return_to`: a path of the console.
  Result<Begun> begin(const model::IdentityProvider& provider, std::string return_to);

  struct Answer {  // what the provider sent the browser back with; empty where absent
    std::string code;
    std::string state;
    std::string issuer;  // RFC 9207
    std::string error;
  };
  struct Ended {
    wire::Principal principal;
    std::string return_to;
  };
  struct Failed {
    SignInFailure failure;
    std::string detail;  // for the operator's log
  };
  // A state is good once, whatever comes of it. The code goes to the issuer that the sign-in began with and to no
  // other.
  tl::expected<Ended, Failed> end(const Answer& answer, std::optional<std::string_view> browser);

 private:
  struct Pending {
    std::string provider;
    std::string issuer;
    std::string client_id;
    std::string nonce;
    std::string verifier;
    std::string browser;
    std::string return_to;
    Timestamp until;
  };
  std::optional<Pending> take(const std::string& state);
  tl::expected<Ended, Failed> believe(const Pending& pending, const std::string& id_token);

  const Parts parts_;
  const std::string redirect_uri_;
  Mutex mutex_;
  std::unordered_map<std::string, Pending> pending_ GUARDED_BY(mutex_);  // by state
};

}  // namespace portreeve::pdp
