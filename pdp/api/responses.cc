#include "engine/base/text.h"
#include "engine/reader/json_reader.h"
#include "pdp/api/endpoints.h"

namespace portreeve::pdp {
namespace {

bool is_json(const HttpRequest& request) {
  const auto type = request.header("Content-Type");
  if (!type) return true;
  const std::string_view media = type->substr(0, type->find_first_of("; \t"));
  return equal_ignoring_ascii_case(media, "application/json");
}

}  // namespace

tl::expected<JsonValue, HttpResponse> read_json_body(const HttpRequest& request) {
  if (!is_json(request)) {
    return tl::unexpected(problem_response(415, "unsupported-media-type", "the body is `application/json`"));
  }
  if (request.header("Content-Encoding")) {
    return tl::unexpected(problem_response(415, "unsupported-media-type", "the body comes without a content coding"));
  }
  // One a thread: its buffers are what makes parsing cheap.
  static thread_local reader::JsonReader reader;
  auto body = reader.parse(request.body());
  if (!body) return tl::unexpected(problem_response(400, "bad-request", body.error().message));
  return *std::move(body);
}

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
