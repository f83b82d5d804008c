#include "pdp/identity/http_fetch.h"

#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <charconv>
#include <exception>
#include <memory>
#include <thread>

#include "engine/base/limits.h"
#include "engine/base/text.h"

namespace portreeve::pdp {
namespace {

using std::chrono::steady_clock;

constexpr Millis kStopAgain{50};

std::unique_ptr<httplib::ClientImpl> make_client(const Url& url, const std::string& ca_file, Millis timeout) {
  std::unique_ptr<httplib::ClientImpl> client;
  if (url.https) {
    auto secure = std::make_unique<httplib::SSLClient>(url.host, url.port);
    secure->enable_server_certificate_verification(true);
    if (!ca_file.empty()) secure->set_ca_cert_path(ca_file);
    client = std::move(secure);
  } else {
    client = std::make_unique<httplib::ClientImpl>(url.host, url.port);
  }
  client->set_connection_timeout(timeout);
  client->set_read_timeout(timeout);
  client->set_write_timeout(timeout);
  client->set_follow_location(false);
  client->set_keep_alive(false);
  client->set_decompress(false);
  return client;
}

// Why the answer's head is not one that we read on from; empty where it is.
std::string refuse_head(const httplib::Response& response) {
  if (response.status >= 300 && response.status < 400) {
    return fmt::format("answered {}; redirects are not followed, so name the address it leads to", response.status);
  }
  if (response.status != 200) return fmt::format("answered {}", response.status);
  const std::string encoding = response.get_header_value("Content-Encoding");
  if (!encoding.empty() && !equal_ignoring_ascii_case(encoding, "identity")) return "answered in a compressed form";
  return {};
}

Result<Fetched> ask(httplib::ClientImpl& client, const Url& url, const std::string* form) {
  Fetched fetched;
  std::string refusal;
  const auto on_head = [&](const httplib::Response& response) {
    refusal = refuse_head(response);
    fetched.max_age = stated_max_age(response.get_header_value("Cache-Control"));
    return refusal.empty();
  };
  const auto on_body = [&](const char* data, std::size_t size) {
    if (fetched.body.size() + size > limits::kJwksBytes) {
      refusal = fmt::format("answered more than {} bytes", limits::kJwksBytes);
      return false;
    }
    fetched.body.append(data, size);
    return true;
  };
  httplib::Request request;
  request.method = form == nullptr ? "GET" : "POST";
  request.path = url.target;
  request.headers = {{"Accept", "application/json"}, {"Accept-Encoding", "identity"}};
  request.response_handler = on_head;
  request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
    return on_body(data, size);
  };
  if (form != nullptr) {
    request.body = *form;
    request.headers.emplace("Content-Type", "application/x-www-form-urlencoded");
  }
  const httplib::Result result = client.send(request);
  if (!refusal.empty()) return fail(std::move(refusal));
  if (!result) return fail(httplib::to_string(result.error()));
  return fetched;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

Result<Fetched> HttpFetch::get(const Url& url, steady_clock::time_point deadline) {
  return run(url, nullptr, deadline);
}

Result<Fetched> HttpFetch::post_form(const Url& url, const std::string& form, steady_clock::time_point deadline) {
  return run(url, &form, deadline);
}

Result<Fetched> HttpFetch::run(const Url& url, const std::string* form, steady_clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<Millis>(deadline - steady_clock::now());
  if (left <= Millis{0}) return fail("took too long");
  // Debian's httplib throws where a response is malformed in some ways; it stops here.
  try {
    const auto client = make_client(url, ca_file_, left);
    bool done = false;  // guarded by mutex_
    const auto done_by = [&](steady_clock::time_point until, const bool& give_up) {
      MutexLock lock(mutex_);
      while (!done && !give_up && steady_clock::now() < until) lock.wait_until(changed_, until);
      return done;
    };
    // httplib's timeouts are for each read, so a server that drips bytes would hold us forever.
    bool cut_off = false;  // the watchdog's until it is joined
    std::thread watchdog([&] {
      if (done_by(deadline, stopped_)) return;
      cut_off = true;
      do {
        client->stop();  // again and again: a stop before the connection stands does nothing
      } while (!done_by(steady_clock::now() + kStopAgain, false));
    });
    auto fetched = Result<Fetched>(fail("failed"));
    try {
      fetched = ask(*client, url, form);
    } catch (const std::exception& error) {
      fetched = fail(error.what());
    }
    {
      const MutexLock lock(mutex_);
      done = true;
      changed_.notify_all();
    }
    watchdog.join();
    if (cut_off) return fail("took too long");
    return fetched;
  } catch (const std::exception& error) {
    return fail(error.what());
  }
}

void HttpFetch::stop() {
  const MutexLock lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

std::optional<Seconds> stated_max_age(std::string_view cache_control) {
  constexpr std::string_view kMaxAge = "max-age=";
  std::optional<Seconds> stated;
  while (!cache_control.empty()) {
    const std::size_t comma = std::min(cache_control.find(','), cache_control.size());
    const std::string directive = to_lower_ascii(trimmed(cache_control.substr(0, comma)));
    cache_control.remove_prefix(std::min(comma + 1, cache_control.size()));
    if (directive == "no-store" || directive == "no-cache") return Seconds{0};
    if (!directive.starts_with(kMaxAge)) continue;
    std::uint32_t seconds = 0;
    const char* const end = directive.data() + directive.size();
    const auto [stop, error] = std::from_chars(directive.data() + kMaxAge.size(), end, seconds);
    if (error == std::errc() && stop == end) stated = Seconds{seconds};
  }
  return stated;
}

}  // namespace portreeve::pdp
