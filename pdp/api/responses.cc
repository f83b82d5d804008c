#include "engine/base/text.h"
#include "pdp/api/endpoints.h"

namespace portreeve::pdp {

HttpResponse json_response(int status, std::string body) {
  return {status, {{"Content-Type", "application/json"}}, std::move(body)};
}

HttpResponse failure_response(ServiceFailure failure) {
  switch (failure) {
    case ServiceFailure::audit_unavailable:
      return problem_response(503, "audit-unavailable", "the decision cannot be recorded, so there is none");
    case ServiceFailure::not_ready:
      return problem_response(503, "not-ready", "no policy revision is active");
  }
  return problem_response(503, "unavailable", "no answer");
}

HttpResponse readiness_report(const daemon::Readiness& readiness) {
  return json_response(readiness.ready() ? 200 : 503, readiness.report());
}

std::string trace_id(const HttpRequest& request) {
  const std::string_view header = request.header("traceparent").value_or("");
  if (header.size() != 55 || header.substr(0, 3) != "00-" || header[35] != '-' || header[52] != '-') return {};
  const std::string_view id = header.substr(3, 32);
  const bool hex = id.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  const bool zero = id.find_first_not_of('0') == std::string_view::npos;
  return hex && !zero ? std::string(id) : std::string();
}

}  // namespace portreeve::pdp
