// One function a path. Private to admin/.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "daemon/one_time_link.h"
#include "pdp/admin/admin_api.h"
#include "pdp/admin/authorizer.h"
#include "pdp/admin/console_sessions.h"
#include "pdp/admin/log_readers.h"
#include "pdp/admin/policy_library.h"
#include "pdp/admin/sign_in.h"
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
  SignIns& sign_ins;
  const daemon::OneTimeLinks* links;  // null where they are not accepted
  LogReaders& readers;
  PolicyLibrary& policies;
};

// How long records are counted for one answer: what a person waits for without wondering.
inline constexpr std::chrono::milliseconds kCountingTime{400};

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

std::vector<AdminRoute> decision_routes();
std::vector<AdminRoute> decision_detail_routes();
std::vector<AdminRoute> evaluate_routes();
std::vector<AdminRoute> overview_routes();
std::vector<AdminRoute> policy_routes();
std::vector<AdminRoute> session_routes();
std::vector<AdminRoute> start_routes();
std::vector<AdminRoute> usage_token_routes();

// The JSON object that a request brings; a problem where it is none.
Step<JsonValue> read_body(const HttpRequest& request);
// 400 where the query has any other parameter.
Step<bool> only_parameters(const AdminCall& call, std::span<const std::string_view> known);
// The answer to a problem with sessions.
HttpResponse answer_to(const SessionProblem& problem);

}  // namespace portreeve::pdp
