#include "storage/sessions/principal.h"

#include <algorithm>

namespace portreeve::storage {

wire::Principal principal_of(const Session& session, Timestamp token_expires) {
  wire::Principal principal;
  principal.assurance = wire::Assurance::verified;
  principal.type = "user";
  principal.id = session.subject_id;
  principal.provider = session.provider;
  principal.claims = session.claims;
  principal.chosen_tenant = session.tenant;
  principal.token_expires = std::min(token_expires, session.expires);
  principal.session = wire::SessionFacts{
      session.id, session.created, {session.labels.begin(), session.labels.end()}, {}, {}, session.roles};
  return principal;
}

}  // namespace portreeve::storage
