#include "pdp/admin/admin_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "engine/base/text.h"
#include "engine/reader/json_reader.h"
#include "pdp/admin/endpoints.h"

namespace portreeve::pdp {
namespace {

constexpr std::string_view kContentSecurity =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

// The value of a path's segment, decoded as a query's would be but for `+`.
std::optional<std::string> decoded_segment(std::string_view segment) {
  std::string escaped = "v=";
  for (const char c : segment) escaped += c == '+' ? std::string("%2B") : std::string(1, c);
  const auto form = parse_form(escaped);
  if (!form) return std::nullopt;
  return form->begin()->second;
}

// What stands at the `{…}` of a pattern; nothing where the path does not fit it.
std::optional<std::vector<std::string>> fit(std::string_view pattern, std::string_view path) {
  std::vector<std::string> values;
  for (;;) {
    const std::size_t pattern_end = std::min(pattern.find('/', 1), pattern.size());
    const std::size_t path_end = std::min(path.find('/', 1), path.size());
    const std::string_view wanted = pattern.substr(0, pattern_end);
    const std::string_view given = path.substr(0, path_end);
    if (wanted.starts_with("/{")) {
      if (given.size() < 2) return std::nullopt;
      auto value = decoded_segment(given.substr(1));
      if (!value || value->empty()) return std::nullopt;
      values.push_back(*std::move(value));
    } else if (wanted != given) {
      return std::nullopt;
    }
    pattern.remove_prefix(pattern_end);
    path.remove_prefix(path_end);
    if (pattern.empty() || path.empty()) break;
  }
  if (!pattern.empty() || !path.empty()) return std::nullopt;
  return values;
}

void set_header(HttpResponse& response, std::string name, std::string value) {
  const auto same = [&](const auto& header) { return equal_ignoring_ascii_case(header.first, name); };
  if (std::ranges::none_of(response.headers, same)) response.headers.emplace_back(std::move(name), std::move(value));
}

// What every answer says to a browser, unless it says otherwise itself.
void add_standing_headers(HttpResponse& response) {
  set_header(response, "Cache-Control", "no-store");
  set_header(response, "Content-Security-Policy", std::string(kContentSecurity));
  set_header(response, "Cross-Origin-Opener-Policy", "same-origin");
  set_header(response, "Cross-Origin-Resource-Policy", "same-origin");
  set_header(response, "Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
  set_header(response, "Referrer-Policy", "no-referrer");
  set_header(response, "X-Content-Type-Options", "nosniff");
  set_header(response, "X-Frame-Options", "DENY");
}

bool reads(const HttpRequest& request) { return request.method() == "GET" || request.method() == "HEAD"; }

}  // namespace

Step<JsonValue> read_body(const HttpRequest& request) {
  auto body = reader::parse_json(request.body());
  if (!body) return refuse(400, "bad-request", body.error().message);
  if (body->as_object() == nullptr) return refuse(400, "bad-request", "the body is a JSON object");
  return *std::move(body);
}

Step<bool> only_parameters(const AdminCall& call, std::span<const std::string_view> known) {
  for (const auto& [name, value] : call.query) {
    if (std::ranges::find(known, name) != known.end()) continue;
    return refuse(400, "bad-request", fmt::format("unknown parameter `{}`", printable(name)), printable(name));
  }
  return true;
}

tl::unexpected<HttpResponse> other_tenant(const Grant& grant) {
  return refuse(403, "other-tenant", fmt::format("you reach the tenant `{}` only", grant.tenant.value_or("")));
}

HttpResponse answer_to(const SessionProblem& problem) {
  return problem_response(problem.status, problem.code, problem.message, problem.field);
}

class AdminApi::Impl {
 public:
  Impl(AdminParts parts, Doorkeeper doorkeeper)
      : parts_(std::move(parts)),
        doorkeeper_(std::move(doorkeeper)),
        visitors_({parts_.verifier, parts_.map, console_sessions_, parts_.clock},
                  doorkeeper_.is_secure() ? "__Host-portreeve-console" : "portreeve-console"),
        authorizer_({parts_.service, parts_.snapshots, parts_.events, parts_.clock}),
        openid_(parts_.settings.ca_file, parts_.clock),
        sign_ins_({openid_, parts_.console_verifier, parts_.map, parts_.clock},
                  doorkeeper_.origin() + "/v1/sign-in/callback"),
        links_(std::filesystem::path(parts_.settings.dev_folder) / "links"),
        readers_(parts_.open_log_reader),
        policies_(parts_.revisions, parts_.snapshots) {
    // Of two patterns that fit a path the first is followed.
    for (auto* const routes : {start_routes, overview_routes, decision_routes, decision_detail_routes, session_routes,
                               policy_routes, evaluate_routes, usage_token_routes}) {
      std::ranges::move(routes(), std::back_inserter(routes_));
    }
  }

  AdminResponse handle(const HttpRequest& request) {
    if (auto refused = doorkeeper_.refuse(request)) return *std::move(refused);
    if (reads(request) && ConsoleFiles::is_console_path(request.path())) return parts_.console.answer(request);
    Step<AdminResponse> answer = route(request);
    return answer ? *std::move(answer) : AdminResponse(std::move(answer).error());
  }

 private:
  Step<AdminResponse> route(const HttpRequest& request) {
    const std::string_view method = request.method() == "HEAD" ? "GET" : request.method();
    std::string allowed;
    for (const AdminRoute& route : routes_) {
      auto path = fit(route.pattern, request.path());
      if (!path) continue;
      if (route.method == method) return follow(route, request, *std::move(path));
      allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
    }
    if (allowed.empty()) return refuse(404, "not-found", "there is nothing at that path");
    HttpResponse answer = problem_response(405, "method-not-allowed", fmt::format("this path takes {}", allowed));
    answer.headers.emplace_back("Allow", allowed);
    return tl::unexpected(std::move(answer));
  }

  Step<AdminResponse> follow(const AdminRoute& route, const HttpRequest& request, std::vector<std::string> path) {
    const AdminContext context{parts_,
                               doorkeeper_,
                               visitors_,
                               authorizer_,
                               console_sessions_,
                               sign_ins_,
                               parts_.settings.dev ? &links_ : nullptr,
                               readers_,
                               policies_};
    AdminCall call{request, std::move(path), {}, Reach::own_tenant, nullptr, {}};
    if (route.whom == AdminRoute::For::anyone) {
      STEP(call.query, read_query(request));
      return route.answer(context, call);
    }
    STEP(const Visitor visitor, visitors_.authenticate(request));
    if (visitor.console_key && !reads(request) && !doorkeeper_.has_own_origin(request)) {
      return refuse(403, "bad-origin", "with the console's cookie, `Origin` is the console's");
    }
    call.visitor = &visitor;
    STEP(call.query, read_query(request));
    if (const auto tenants = call.query.extract("tenants")) {
      if (tenants.mapped() != "*") return refuse(400, "bad-request", "`tenants` is `*` or absent", "tenants");
      call.reach = Reach::all_tenants;
    }
    if (!route.wishes.empty()) {
      STEP(call.grant, authorizer_.ask(visitor, call.reach, route.wishes));
    }
    return route.answer(context, call);
  }

  static Step<Form> read_query(const HttpRequest& request) {
    if (request.query().empty()) return Form();
    auto form = parse_form(request.query());
    if (!form) return refuse(400, "bad-request", form.error().message);
    return *std::move(form);
  }

  const AdminParts parts_;
  const Doorkeeper doorkeeper_;
  ConsoleSessions console_sessions_;
  const VisitorAuthenticator visitors_;
  Authorizer authorizer_;
  OpenIdClient openid_;
  SignIns sign_ins_;
  const daemon::OneTimeLinks links_;
  LogReaders readers_;
  PolicyLibrary policies_;
  std::vector<AdminRoute> routes_;  // constant after construction
};

AdminApi::AdminApi(AdminParts parts, Doorkeeper doorkeeper)
    : impl_(std::make_unique<Impl>(std::move(parts), std::move(doorkeeper))) {}
AdminApi::~AdminApi() = default;

AdminResponse AdminApi::handle(const HttpRequest& request) {
  AdminResponse answer = impl_->handle(request);
  add_standing_headers(answer);
  return answer;
}

}  // namespace portreeve::pdp
