#include "tools/portreeve/admin_client.h"

#include <fmt/format.h>
#include <httplib.h>

#include <CLI/App.hpp>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/reader/json_reader.h"

namespace portreeve::cli {
namespace {

constexpr std::time_t kTimeoutSeconds = 10;
constexpr std::size_t kMostAnswerBytes = 64u << 20;  // a thousand of the largest records

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

std::string refusal(const httplib::Response& answer, const Result<JsonValue>& body) {
  const auto text = [&](std::string_view key) {
    const JsonValue* const value = body ? body->find(key) : nullptr;
    return value != nullptr && value->as_string() != nullptr ? *value->as_string() : std::string();
  };
  const std::string detail = text("detail");
  return fmt::format("the PDP answered {}: {}", answer.status,
                     printable(detail.empty() ? std::string_view(answer.body) : std::string_view(detail), 1000));
}

}  // namespace

void declare_admin_access(CLI::App& app, AdminAccess& access) {
  app.add_option("--admin", access.url, "The PDP's admin listener (default: http://127.0.0.1:8181)")
      ->type_name("URL")
      ->envname("PORTREEVE_ADMIN");
  app.add_option("--token", access.token, "A token of an identity provider: who asks")
      ->type_name("TOKEN")
      ->envname("PORTREEVE_TOKEN");
}

std::string path_segment(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string query_parameter(std::string_view name, std::string_view value) {
  return fmt::format("{}={}", name, path_segment(value));
}

Result<JsonValue> ask_admin(const AdminAccess& access, std::string_view method, const std::string& target,
                            const JsonValue& body) {
  if (access.token.empty()) return fail("who asks? give `--token`, or set PORTREEVE_TOKEN");
  httplib::Client client(access.url);
  if (!client.is_valid()) {
    return fail(fmt::format("--admin: `{}` is no address like http://127.0.0.1:8181", printable(access.url)));
  }
  client.set_connection_timeout(kTimeoutSeconds);
  client.set_read_timeout(kTimeoutSeconds);
  client.set_follow_location(false);
  httplib::Request request;
  request.method = method;
  request.path = target;
  request.headers = {{"Authorization", "Bearer " + access.token}, {"X-Portreeve-Console", "1"}};
  if (!body.is_null()) {
    request.body = to_canonical_json(body);
    request.headers.emplace("Content-Type", "application/json");
  }
  const auto answer = client.send(request);
  if (!answer) return fail(fmt::format("{}: {}", printable(access.url), httplib::to_string(answer.error())));
  if (answer->status == 204) return JsonValue();
  auto read = reader::parse_json(answer->body, {.bytes = kMostAnswerBytes});
  if (answer->status != 200) return fail(refusal(*answer, read));
  if (!read) return fail(fmt::format("{} answered no JSON: {}", printable(access.url), read.error().message));
  return read;
}

}  // namespace portreeve::cli
