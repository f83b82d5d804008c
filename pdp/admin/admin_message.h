// What the handlers of the admin listener take and give: HttpRequest and HttpResponse, and answers that are streamed.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "engine/base/json_value.h"
#include "pdp/http/http_message.h"

namespace portreeve::pdp {

// An answer. Where `stream` is set the body is what it yields, piece by piece, until it yields nothing.
struct AdminResponse : HttpResponse {
  AdminResponse() = default;
  AdminResponse(HttpResponse response) : HttpResponse(std::move(response)) {}
  // Called on one thread after the other; an error breaks the connection off, so that a cut file shows as one.
  std::function<tl::expected<std::string, std::string>()> stream;
};

// A step of a handler: its result, or the answer that ends the request.
template <class T>
using Step = tl::expected<T, HttpResponse>;

inline tl::unexpected<HttpResponse> refuse(int status, std::string_view code, std::string_view detail,
                                           std::string_view field = {}) {
  return tl::unexpected<HttpResponse>(problem_response(status, code, detail, field));
}

// 200 with a JSON body that nobody may keep.
AdminResponse json_answer(const JsonValue& body);
AdminResponse json_text_answer(std::string body);
AdminResponse no_content();

}  // namespace portreeve::pdp

// STEP(auto x, f()); declares x from a Step, or returns its answer from the enclosing function.
#define STEP(declaration, ...)                                                     \
  auto PORTREEVE_CONCAT(step_, __LINE__) = (__VA_ARGS__);                          \
  if (!PORTREEVE_CONCAT(step_, __LINE__))                                          \
    return ::tl::unexpected(std::move(PORTREEVE_CONCAT(step_, __LINE__)).error()); \
  declaration = *std::move(PORTREEVE_CONCAT(step_, __LINE__))
