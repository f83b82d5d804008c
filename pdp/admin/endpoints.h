// One function a path. Private to admin/.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "pdp/admin/admin_api.h"
#include "pdp/admin/authorizer.h"
#include "pdp/admin/console_sessions.h"
#include "pdp/admin/visitor.h"
#include "pdp/session/form.h"

namespace portreeve::pdp {

// What every path may use.
struct AdminContext {
  const AdminParts& parts;
  const Doorkeeper& doorkeeper;
  const VisitorAuthenticator& visitors;
  Authorizer& authorizer;
  ConsoleSessions& console_sessions;
};

// A request on its way to a path's function.
struct AdminCall {
  const HttpRequest& request;
  std::vector<std::string> path;  // what stood at the `{…}` of the path's pattern, decoded
  Form query;                     // without `tenants`
  Reach reach = Reach::own_tenant;
  const Visitor* visitor = nullptr;  // null where the path is for anyone
  Grant grant;                       // of the path's wishes
};

// 403: what was asked for is beyond the tenant that was granted.
tl::unexpected<HttpResponse> other_tenant(const Grant& grant);

// A path: for anyone, or for whom its wishes are granted; one without wishes asks by itself.
struct AdminRoute {
  enum class For : std::uint8_t { anyone, visitors };
  std::string_view method;
  std::string_view pattern;
  For whom = For::visitors;
  std::vector<Wish> wishes;
  Step<AdminResponse> (*answer)(const AdminContext& context, const AdminCall& call);
};

std::vector<AdminRoute> session_routes();

// The JSON object that a request brings; a problem where it is none.
Step<JsonValue> read_body(const HttpRequest& request);
// 400 where the query has any other parameter.
Step<bool> only_parameters(const AdminCall& call, std::span<const std::string_view> known);
// The answer to a problem with sessions.
HttpResponse answer_to(const SessionProblem& problem);

}  // namespace portreeve::pdp
