#include "pdp/admin/admin_server.h"

#include <fmt/format.h>
#include <httplib.h>

#include <thread>

namespace portreeve::pdp {
namespace {

constexpr std::size_t kMostBody = 1u << 20;

void answer_json(httplib::Response& response, int status, const std::string& body) {
  response.status = status;
  response.set_content(body, "application/json");
}

}  // namespace

class AdminServer::Impl {
 public:
  Impl(daemon::Endpoint endpoint, Parts parts) : endpoint_(std::move(endpoint)) {
    server_.set_payload_max_length(kMostBody);
    server_.set_keep_alive_max_count(100);
    server_.Get("/healthz", [](const httplib::Request&, httplib::Response& response) {
      answer_json(response, 200, R"({"status":"ok"})");
    });
    server_.Get("/readyz", [parts](const httplib::Request&, httplib::Response& response) {
      answer_json(response, parts.readiness.ready() ? 200 : 503, parts.readiness.report());
    });
    server_.Get("/metrics", [parts](const httplib::Request&, httplib::Response& response) {
      response.set_content(parts.metrics.exposition(), "text/plain; version=0.0.4");
    });
  }
  ~Impl() {
    server_.stop();
    if (thread_.joinable()) thread_.join();
  }

  Status start() {
    if (endpoint_.port == 0) {
      const int port = server_.bind_to_any_port(endpoint_.host);
      if (port <= 0) return fail(fmt::format("cannot listen on {}", to_text(endpoint_)));
      endpoint_.port = static_cast<std::uint16_t>(port);
    } else if (!server_.bind_to_port(endpoint_.host, endpoint_.port)) {
      return fail(fmt::format("cannot listen on {}: is the address in use?", to_text(endpoint_)));
    }
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();  // stop() before it runs would be lost
    return {};
  }

  const daemon::Endpoint& endpoint() const { return endpoint_; }

 private:
  daemon::Endpoint endpoint_;
  httplib::Server server_;
  std::thread thread_;
};

AdminServer::AdminServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AdminServer::~AdminServer() = default;
const daemon::Endpoint& AdminServer::endpoint() const { return impl_->endpoint(); }

Result<std::unique_ptr<AdminServer>> AdminServer::listen(const daemon::Endpoint& endpoint, Parts parts) {
  if (endpoint.is_unix()) return fail("the admin listener is on TCP");
  auto impl = std::make_unique<Impl>(endpoint, parts);
  if (auto started = impl->start(); !started) return fail(started.error());
  return std::unique_ptr<AdminServer>(new AdminServer(std::move(impl)));
}

}  // namespace portreeve::pdp
