// The target of a request to the broker, in the one form that is judged and sent.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace portreeve::pep {

struct RequestTarget {
  std::string path;   // normalised (SEMANTICS §9)
  std::string query;  // as sent, without `?`; the guest's credentials are taken out
};

// Reads an origin-form target. Refuses every other form, what normalise_http_path() refuses, and `//`, `;`, `%25`,
// `%3B`, paths that are not UTF-8 once decoded, and a query with a bad escape or a control character (SEMANTICS §12).
// Of the query, parameters named `key`, `api_key` or `access_token` are dropped, as is each whose name or value holds
// `token` (not empty), also percent-escaped. Fails where the path holds `token`.
Result<RequestTarget> read_target(std::string_view target, std::string_view token);

// A query without the parameters of that name, percent-escaped or not.
std::string without_parameter(std::string_view query, std::string_view name);

// The path behind a route's prefix, as it is judged: `/` at least. Requires: `path` is at or below `route`.
std::string path_below(std::string_view path, std::string_view route);

}  // namespace portreeve::pep
