#include "pdp/admin/admin_server.h"

#include <fmt/format.h>
#include <httplib.h>

#include <thread>

namespace portreeve::pdp {
namespace {

constexpr std::size_t kMostBody = 1u << 20;
// A browser keeps six connections; each holds a thread while it is answered and kIdleSeconds after.
constexpr std::size_t kThreads = 64;
constexpr std::time_t kIdleSeconds = 1;
constexpr std::time_t kReadSeconds = 10;
constexpr std::time_t kWriteSeconds = 30;

HttpRequest to_request(const httplib::Request& request) {
  HttpHeaders headers;
  for (const auto& [name, value] : request.headers) {
    if (name == "REMOTE_ADDR" || name == "REMOTE_PORT") continue;  // httplib's own
    headers.emplace_back(name, value);
  }
  return HttpRequest::make(request.method, request.target, headers, request.body);
}

void write(AdminResponse answer, httplib::Response& response) {
  response.status = answer.status;
  std::string type;
  for (const auto& [name, value] : answer.headers) {
    if (name == "Content-Type") {
      type = value;
    } else {
      response.set_header(name, value);
    }
  }
  if (!answer.stream) {
    if (!type.empty()) response.set_content(std::move(answer.body), type);
    return;
  }
  response.set_chunked_content_provider(type,
                                        [stream = std::move(answer.stream)](std::size_t, httplib::DataSink& sink) {
                                          const auto piece = stream();
                                          if (!piece) return false;
                                          if (piece->empty()) {
                                            sink.done();
                                            return true;
                                          }
                                          return sink.write(piece->data(), piece->size());
                                        });
}

}  // namespace

class AdminServer::Impl {
 public:
  Impl(daemon::Endpoint endpoint, Parts parts) : endpoint_(std::move(endpoint)), parts_(parts) {
    server_.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
    server_.set_payload_max_length(kMostBody);
    server_.set_keep_alive_max_count(100);
    server_.set_keep_alive_timeout(kIdleSeconds);
    server_.set_read_timeout(kReadSeconds);
    server_.set_write_timeout(kWriteSeconds);
    server_.set_tcp_nodelay(true);
    // Not SO_REUSEPORT, httplib's choice: with it another process of the same user could take a share of the requests.
    server_.set_socket_options([](socket_t socket) {
      const int yes = 1;
      ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });
    server_.Get("/healthz", [](const httplib::Request&, httplib::Response& response) {
      response.set_content(R"({"status":"ok"})", "application/json");
    });
    server_.Get("/readyz", [this](const httplib::Request&, httplib::Response& response) {
      response.status = parts_.readiness.ready() ? 200 : 503;
      response.set_content(parts_.readiness.report(), "application/json");
    });
    server_.Get("/metrics", [this](const httplib::Request&, httplib::Response& response) {
      response.set_content(parts_.metrics.exposition(), "text/plain; version=0.0.4");
    });
  }
  ~Impl() {
    server_.stop();
    if (thread_.joinable()) thread_.join();
  }

  Status bind() {
    if (endpoint_.port == 0) {
      const int port = server_.bind_to_any_port(endpoint_.host);
      if (port <= 0) return fail(fmt::format("cannot listen on {}", to_text(endpoint_)));
      endpoint_.port = static_cast<std::uint16_t>(port);
    } else if (!server_.bind_to_port(endpoint_.host, endpoint_.port)) {
      return fail(fmt::format("cannot listen on {}: is the address in use?", to_text(endpoint_)));
    }
    return {};
  }

  void serve(Handler handler) {
    handler_ = std::move(handler);
    const auto answer = [this](const httplib::Request& request, httplib::Response& response) {
      write(handler_(to_request(request)), response);
    };
    constexpr char kAny[] = ".*";
    server_.Get(kAny, answer);
    server_.Post(kAny, answer);
    server_.Put(kAny, answer);
    server_.Patch(kAny, answer);
    server_.Delete(kAny, answer);
    server_.Options(kAny, answer);
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();  // stop() before it runs would be lost
  }

  const daemon::Endpoint& endpoint() const { return endpoint_; }

 private:
  daemon::Endpoint endpoint_;
  const Parts parts_;
  Handler handler_;
  httplib::Server server_;
  std::thread thread_;
};

AdminServer::AdminServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AdminServer::~AdminServer() = default;
const daemon::Endpoint& AdminServer::endpoint() const { return impl_->endpoint(); }
void AdminServer::serve(Handler handler) { impl_->serve(std::move(handler)); }

Result<std::unique_ptr<AdminServer>> AdminServer::listen(const daemon::Endpoint& endpoint, Parts parts) {
  if (endpoint.is_unix()) return fail("the admin listener is on TCP");
  auto impl = std::make_unique<Impl>(endpoint, parts);
  if (auto bound = impl->bind(); !bound) return fail(bound.error());
  return std::unique_ptr<AdminServer>(new AdminServer(std::move(impl)));
}

}  // namespace portreeve::pdp
