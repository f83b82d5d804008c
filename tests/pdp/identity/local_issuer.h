// An issuer on a loopback port of its own, which answers as a test tells it to.
#pragma once

#include <httplib.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/mutex.h"

namespace portreeve::pdp {

class LocalIssuer {
 public:
  using Handler = std::function<void(const httplib::Request&, httplib::Response&)>;

  LocalIssuer() : LocalIssuer(std::make_unique<httplib::Server>(), "http://127.0.0.1:") {}
  // With TLS, under the name localhost.
  LocalIssuer(const std::string& certificate_file, const std::string& key_file)
      : LocalIssuer(std::make_unique<httplib::SSLServer>(certificate_file.c_str(), key_file.c_str()),
                    "https://localhost:") {}
  ~LocalIssuer() { stop(); }
  LocalIssuer(const LocalIssuer&) = delete;
  LocalIssuer& operator=(const LocalIssuer&) = delete;

  void stop() {
    server_->stop();
    if (thread_.joinable()) thread_.join();
  }

  const std::string& issuer() const { return issuer_; }
  std::string at(std::string_view path) const { return issuer_ + std::string(path); }
  int fetches() const { return fetches_; }  // of `/jwks`

  void serve_jwks(std::string document, std::string cache_control = "") {
    on_jwks([document = std::move(document), cache_control = std::move(cache_control)](const auto&, auto& response) {
      if (!cache_control.empty()) response.set_header("Cache-Control", cache_control);
      response.set_content(document, "application/json");
    });
  }
  void on_jwks(Handler handler) { set(jwks_, std::move(handler)); }
  void on_configuration(Handler handler) { set(configuration_, std::move(handler)); }
  void serve_configuration(std::string document) {
    on_configuration([document = std::move(document)](const auto&, auto& response) {
      response.set_content(document, "application/json");
    });
  }

 private:
  LocalIssuer(std::unique_ptr<httplib::Server> server, const std::string& prefix) : server_(std::move(server)) {
    server_->Get("/jwks", [this](const auto& request, auto& response) {
      ++fetches_;
      get(jwks_)(request, response);
    });
    server_->Get("/.well-known/openid-configuration",
                 [this](const auto& request, auto& response) { get(configuration_)(request, response); });
    const int port = server_->bind_to_any_port("127.0.0.1");
    CHECK(port > 0);
    issuer_ = prefix + std::to_string(port);
    thread_ = std::thread([this] { server_->listen_after_bind(); });
    // stop() before the loop runs would be lost.
    while (!server_->is_running()) std::this_thread::yield();
  }

  void set(Handler& place, Handler handler) {
    const MutexLock lock(mutex_);
    place = std::move(handler);
  }
  Handler get(const Handler& place) {
    const MutexLock lock(mutex_);
    return place ? place : [](const auto&, auto& response) { response.status = 404; };
  }

  std::unique_ptr<httplib::Server> server_;
  std::string issuer_;
  std::atomic<int> fetches_{0};
  Mutex mutex_;
  Handler jwks_;           // guarded by mutex_
  Handler configuration_;  // guarded by mutex_
  std::thread thread_;
};

// Holds whoever waits until it is opened.
class Gate {
 public:
  void wait() {
    MutexLock lock(mutex_);
    while (!open_) lock.wait(changed_);
  }
  void open() {
    const MutexLock lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  Mutex mutex_;
  std::condition_variable_any changed_;
  bool open_ = false;  // guarded by mutex_
};

}  // namespace portreeve::pdp
