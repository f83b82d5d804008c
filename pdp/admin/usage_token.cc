// `/v1/usage-token`: what a browser shows the accounting service, which the PDP itself never calls.
#include "daemon/random.h"
#include "daemon/signing_key.h"
#include "engine/base/text.h"
#include "pdp/admin/endpoints.h"

namespace portreeve::pdp {
namespace {

// Frozen: docs/accounting.md
constexpr char kType[] = "portreeve-usage+jwt";
constexpr char kAudience[] = "portreeve-accounting";
constexpr Seconds kLifetime{300};

Step<AdminResponse> mint(const AdminContext& context, const AdminCall& call) {
  STEP([[maybe_unused]] const bool known, only_parameters(call, {}));
  const Timestamp now = context.parts.clock.now();
  const Timestamp expires = Timestamp::from_unix(now.unix_seconds()).plus(kLifetime);
  JsonValue claims = JsonValue::Object{{"aud", kAudience},
                                       {"exp", expires.unix_seconds()},
                                       {"iat", now.unix_seconds()},
                                       {"iss", context.parts.tokens.issuer()},
                                       {"jti", base64url_encode(daemon::random_bytes(16))},
                                       {"sub", call.visitor->principal.id}};
  if (call.grant.tenant) claims.set("tenant", *call.grant.tenant);
  const std::string token = daemon::sign_jwt(context.parts.tokens.keys().current(), kType, claims);
  return json_answer(JsonValue::Object{{"expires", to_rfc3339(expires)}, {"token", token}});
}

}  // namespace

std::vector<AdminRoute> usage_token_routes() {
  return {{"POST", "/v1/usage-token", AdminRoute::For::visitors, {{"read", "usage"}}, mint}};
}

}  // namespace portreeve::pdp
