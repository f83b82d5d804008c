#include "pep/broker/header_lists.h"

#include <algorithm>
#include <array>

#include "engine/base/text.h"
#include "pep/broker/scrubber.h"

namespace portreeve::pep {
namespace {

// Sorted. A name that ends in `-` stands for all that begin with it. Docs: docs/broker.md
constexpr auto kUpstream = std::to_array<std::string_view>({
    "accept",
    "accept-language",
    "anthropic-beta",
    "anthropic-dangerous-direct-browser-access",
    "anthropic-version",
    "content-encoding",
    "content-language",
    "content-type",
    "git-protocol",
    "idempotency-key",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-unmodified-since",
    "openai-beta",
    "traceparent",
    "tracestate",
    "user-agent",
    "x-app",
    "x-github-api-version",
    "x-stainless-",
});
constexpr auto kWorkload = std::to_array<std::string_view>({
    "allow",
    "anthropic-",
    "cache-control",
    "content-disposition",
    "content-language",
    "content-type",
    "date",
    "deprecation",
    "etag",
    "expires",
    "last-modified",
    "link",
    "location",
    "openai-",
    "pragma",
    "request-id",
    "retry-after",
    "retry-after-ms",
    "sunset",
    "vary",
    "x-request-id",
    "x-ratelimit-",
    "x-should-retry",
});

template <std::size_t N>
bool listed(const std::array<std::string_view, N>& list, std::string_view name) {
  return std::any_of(list.begin(), list.end(), [&](std::string_view entry) {
    return entry.back() == '-' ? name.starts_with(entry) : name == entry;
  });
}

bool named_by_connection(const std::vector<Field>& fields, std::string_view name) {
  for (const Field& field : fields) {
    if (field.name != "connection") continue;
    for (const std::string_view option : list_elements(field.value)) {
      if (equal_ignoring_ascii_case(option, name)) return true;
    }
  }
  return false;
}

}  // namespace

std::vector<Field> passed_to_upstream(const RequestHead& head, std::string_view token, std::string_view replaced) {
  std::vector<Field> passed;
  for (const Field& field : head.fields) {
    if (!listed(kUpstream, field.name) || field.name == replaced) continue;
    if (named_by_connection(head.fields, field.name)) continue;
    if (!token.empty() && field.value.find(token) != std::string::npos) continue;
    passed.push_back(field);
  }
  return passed;
}

std::vector<Field> passed_to_workload(const ResponseHead& head, const std::shared_ptr<const Needles>& needles) {
  std::vector<Field> passed;
  for (const Field& field : head.fields) {
    if (!listed(kWorkload, field.name) || named_by_connection(head.fields, field.name)) continue;
    const bool printable =
        std::all_of(field.value.begin(), field.value.end(), [](char c) { return is_visible(c) || is_blank(c); });
    if (!printable) continue;
    // A prefix on the list leaves the rest of the name to the upstream.
    passed.push_back({scrub(needles, field.name), scrub(needles, field.value)});
  }
  return passed;
}

}  // namespace portreeve::pep
