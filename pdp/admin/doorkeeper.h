// What a request must show before anybody asks who sent it: against other sites' pages in the same browser (CSRF) and
// against names that lead here without being ours (DNS rebinding).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/endpoint.h"
#include "engine/base/result.h"
#include "pdp/http/http_message.h"

namespace portreeve::pdp {

inline constexpr char kCustomHeader[] = "X-Portreeve-Console";

// Immutable. Any thread.
class Doorkeeper {
 public:
  // `endpoint`: where the listener is, its port known. `public_url`: the console's address where a proxy stands in
  // front, `https://HOST[:PORT]` without a path, or empty.
  static Result<Doorkeeper> make(const daemon::Endpoint& endpoint, std::string_view public_url);

  // The answer to a request that may not go on: 421 `unknown-host` where `Host` is not one of ours; 403 `bad-origin`
  // where a page of another origin sent it, or where it changes something without kCustomHeader; 415 where it brings
  // something and that is not JSON. Health and metrics pass whatever their `Host`: probes come by address.
  std::optional<HttpResponse> refuse(const HttpRequest& request) const;

  // True where the request says that a page of ours sent it. A browser says so in each request that changes something.
  bool has_own_origin(const HttpRequest& request) const;

  // Where browsers find the console: the public address, or the listener's own over HTTP.
  const std::string& origin() const { return origin_; }
  // True where cookies may be `Secure`.
  bool is_secure() const { return origin_.starts_with("https://"); }

 private:
  Doorkeeper() = default;
  bool is_own_host(std::string_view host) const;

  std::vector<std::string> hosts_;  // `Host` fields that are ours
  bool any_address_ = false;        // the listener is on every address: then `Host` may be any with its port
  std::string port_;
  std::string origin_;
};

}  // namespace portreeve::pdp
