// The PDP's admin listener as subcommands ask it: docs/admin-api.md
#pragma once

#include <string>
#include <string_view>

#include "engine/base/json_value.h"
#include "engine/base/result.h"

namespace CLI {
class App;
}

namespace portreeve::cli {

// Where it is and who asks: flags `--admin` and `--token`, else PORTREEVE_ADMIN and PORTREEVE_TOKEN. The environment
// keeps a token out of the process list.
struct AdminAccess {
  std::string url = "http://127.0.0.1:8181";
  std::string token;
};
void declare_admin_access(CLI::App& app, AdminAccess& access);

// Asks, and reads the answer: its JSON, null where it has no body. An error says what the PDP said. Blocks, at most
// some ten seconds.
Result<JsonValue> ask_admin(const AdminAccess& access, std::string_view method, const std::string& target,
                            const JsonValue& body = {});
// `name=value` with the value percent-encoded, for a query.
std::string query_parameter(std::string_view name, std::string_view value);
// A segment of a path, percent-encoded.
std::string path_segment(std::string_view text);

}  // namespace portreeve::cli
