#include "pep/broker/model_request.h"

#include "tests/fuzz/input.h"

using portreeve::pep::ModelRequest;
using portreeve::pep::read_model_request;
using portreeve::pep::with_usage_included;

// What is accepted names one model; what is sent in its place names the same one, and includes usage.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body = as_text(data, size);
  const auto request = read_model_request(body);
  if (!request) return 0;
  CHECK(!request->model.empty() && request->model.size() <= 256);
  if (request->include_usage == ModelRequest::IncludeUsage::yes) return 0;
  const auto sent = with_usage_included(body, *request);
  if (!sent) return 0;
  const auto again = read_model_request(*sent);
  CHECK(again && again->model == request->model && again->stream == request->stream);
  CHECK(again->include_usage == ModelRequest::IncludeUsage::yes);
  return 0;
}
