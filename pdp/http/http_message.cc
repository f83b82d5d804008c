#include "pdp/http/http_message.h"

#include "engine/base/json_value.h"
#include "engine/base/text.h"

namespace portreeve::pdp {

HttpRequest HttpRequest::make(std::string_view method, std::string_view target, const HttpHeaders& headers,
                              std::string body, HttpPeer peer) {
  HttpRequest request;
  const auto append = [&request](std::string_view text) {
    const Slice slice{static_cast<std::uint32_t>(request.head_.size()), static_cast<std::uint32_t>(text.size())};
    request.head_ += text;
    return slice;
  };
  request.method_ = append(method);
  request.target_ = append(target);
  for (const auto& [name, value] : headers) {
    const Slice name_slice = append(name);
    request.fields_.push_back({name_slice, append(value)});
  }
  request.body_ = std::move(body);
  request.peer_ = std::move(peer);
  return request;
}

std::string_view HttpRequest::path() const {
  const std::string_view whole = target();
  return whole.substr(0, whole.find('?'));
}

std::string_view HttpRequest::query() const {
  const std::string_view whole = target();
  const std::size_t mark = whole.find('?');
  return mark == std::string_view::npos ? std::string_view() : whole.substr(mark + 1);
}

std::optional<std::string_view> HttpRequest::header(std::string_view name) const {
  for (const Field& field : fields_) {
    if (equal_ignoring_ascii_case(view(field.name), name)) return view(field.value);
  }
  return std::nullopt;
}

std::vector<std::string_view> HttpRequest::headers(std::string_view name) const {
  std::vector<std::string_view> found;
  for (const Field& field : fields_) {
    if (equal_ignoring_ascii_case(view(field.name), name)) found.push_back(view(field.value));
  }
  return found;
}

std::pair<std::string_view, std::string_view> HttpRequest::header_at(std::size_t index) const {
  return {view(fields_[index].name), view(fields_[index].value)};
}

namespace {

std::string_view title_of(int status) {
  switch (status) {
    case 400:
      return "Bad request";
    case 401:
      return "Not authenticated";
    case 403:
      return "Forbidden";
    case 404:
      return "Not found";
    case 405:
      return "Method not allowed";
    case 408:
      return "Request timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content too large";
    case 415:
      return "Unsupported media type";
    case 417:
      return "Expectation failed";
    case 429:
      return "Too many requests";
    case 431:
      return "Request header fields too large";
    case 503:
      return "Service unavailable";
    case 505:
      return "HTTP version not supported";
    default:
      return status < 500 ? "Request refused" : "Service error";
  }
}

}  // namespace

HttpResponse problem_response(int status, std::string_view code, std::string_view detail, std::string_view field) {
  JsonValue problem;
  problem.set("type", "urn:portreeve:problem:" + std::string(code));
  problem.set("title", title_of(status));
  problem.set("status", status);
  problem.set("detail", printable(detail, 500));
  if (!field.empty()) problem.set("field", printable(field));
  return {status, {{"Content-Type", "application/problem+json"}}, to_canonical_json(problem)};
}

Responder& Responder::operator=(Responder&& other) noexcept {
  if (this != &other) {
    Responder old(std::move(*this));
    sink_ = std::move(other.sink_);
  }
  return *this;
}

Responder::~Responder() {
  if (sink_) respond(problem_response(503, "unavailable", "the request was not answered"));
}

void Responder::respond(HttpResponse response) {
  const std::shared_ptr<ResponseSink> sink = std::move(sink_);
  sink->answer(std::move(response));
}

}  // namespace portreeve::pdp
