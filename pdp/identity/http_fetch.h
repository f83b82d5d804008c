// Small documents over HTTP, fetched with every bound set.
#pragma once

#include <chrono>
#include <condition_variable>
#include <optional>
#include <string>

#include "engine/base/mutex.h"
#include "engine/base/result.h"
#include "engine/base/time.h"
#include "pdp/identity/url.h"

namespace portreeve::pdp {

struct Fetched {
  std::string body;
  // What `Cache-Control` says of its freshness: max-age, zero for no-store and no-cache, nothing where it says nothing.
  std::optional<Seconds> max_age;
};

// Blocking; one request at a time. stop() may come from any thread.
class HttpFetch {
 public:
  // `ca_file`: PEM, or empty for the system's.
  explicit HttpFetch(std::string ca_file) : ca_file_(std::move(ca_file)) {}

  // A 200's body of at most limits::kJwksBytes. Redirects are not followed, compressed answers not taken, the server's
  // certificate and name are verified. Gives up at the deadline, however slowly the bytes drip.
  Result<Fetched> get(const Url& url, std::chrono::steady_clock::time_point deadline);

  // Posts a form (application/x-www-form-urlencoded), with the same bounds.
  Result<Fetched> post_form(const Url& url, const std::string& form, std::chrono::steady_clock::time_point deadline);

  // Ends the request in progress soon, and all later ones at once. Does not wait.
  void stop();

 private:
  Result<Fetched> run(const Url& url, const std::string* form, std::chrono::steady_clock::time_point deadline);
  const std::string ca_file_;
  Mutex mutex_;
  std::condition_variable_any changed_;
  bool stopped_ GUARDED_BY(mutex_) = false;
};

// The freshness that a Cache-Control field states (RFC 9111 §5.2.2), as in Fetched.
std::optional<Seconds> stated_max_age(std::string_view cache_control);

}  // namespace portreeve::pdp
