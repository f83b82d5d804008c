#include "accounting/api/server.h"

#include <fmt/format.h>
#include <httplib.h>
#include <sys/socket.h>

#include <charconv>
#include <thread>

#include "accounting/ingest/litellm.h"
#include "accounting/ingest/usage_batch.h"
#include "accounting/report/query.h"
#include "accounting/report/render.h"
#include "engine/base/json_value.h"
#include "engine/base/limits.h"

namespace portreeve::accounting {
namespace {

using httplib::Request;
using httplib::Response;

// httplib keeps a thread with each connection, idle ones too: more than there are gates, and not for long.
constexpr std::size_t kThreads = 64;
constexpr int kIdleSeconds = 5;
constexpr int kIoSeconds = 10;

void answer(Response& response, int status, const JsonValue& body, const char* type = "application/json") {
  response.status = status;
  response.set_content(to_canonical_json(body), type);
}

// RFC 9457. `code` is frozen: docs/accounting.md
void answer_problem(Response& response, int status, std::string_view code, std::string_view detail,
                    std::string_view field = {}) {
  JsonValue body(JsonValue::Object{
      {"type", "urn:portreeve:problem:" + std::string(code)}, {"status", std::int64_t{status}}, {"detail", detail}});
  if (!field.empty()) body.set("field", field);
  answer(response, status, body, "application/problem+json");
}

// What a path is for, and so whose credential it takes.
enum class Purpose : std::uint8_t { open, write, read };
Purpose purpose_of(const Request& request) {
  if (request.path == "/healthz" || request.path == "/readyz" || request.path == "/metrics") return Purpose::open;
  return request.method == "POST" ? Purpose::write : Purpose::read;
}

std::string bearer_of(const Request& request) {
  constexpr std::string_view kScheme = "Bearer ";
  if (request.get_header_value_count("Authorization") != 1) return {};
  const std::string value = request.get_header_value("Authorization");
  return value.compare(0, kScheme.size(), kScheme) == 0 ? value.substr(kScheme.size()) : std::string();
}

Parameters parameters_of(const Request& request) { return {request.params.begin(), request.params.end()}; }

}  // namespace

class Server::Impl {
 public:
  Impl(ServerOptions options, Parts parts)
      : options_(std::move(options)),
        parts_(parts),
        events_(parts.metrics.counter("accounting_events_total", "Usage events that became part of a call")),
        duplicates_(parts.metrics.counter("accounting_duplicate_events_total", "Usage events that had been there")),
        disputes_(parts.metrics.counter("accounting_disputed_events_total", "Usage events that contradict another")),
        refused_(parts.metrics.counter("accounting_refused_payloads_total", "LiteLLM payloads that say too little")) {
    server_.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
    server_.set_payload_max_length(limits::kLiteLlmBytes);
    server_.set_keep_alive_max_count(1'000'000);
    server_.set_keep_alive_timeout(kIdleSeconds);
    server_.set_read_timeout(kIoSeconds);
    server_.set_write_timeout(kIoSeconds);
    server_.set_tcp_nodelay(true);
    // Not SO_REUSEPORT, httplib's choice: with it another process could share the port, and a restart could find it
    // taken.
    server_.set_socket_options([](socket_t socket) {
      const int yes = 1;
      ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });
    // Before the body is read: a stranger's is not.
    server_.set_pre_routing_handler(
        [this](const Request& request, Response& response) { return admit(request, response); });
    server_.set_error_handler([](const Request&, Response& response) {
      if (!response.body.empty()) return;
      answer_problem(response, response.status, response.status == 413 ? "body-too-large" : "not-found",
                     "see docs/accounting.md");
    });
    server_.set_exception_handler([this](const Request&, Response& response, auto&&...) {
      parts_.log.error("a request ended in an exception");
      answer_problem(response, 500, "internal-error", "the log says more");
    });
    server_.Post("/v1/usage", [this](const Request& q, Response& r) { post_usage(q, r); });
    server_.Post("/v1/litellm", [this](const Request& q, Response& r) { post_litellm(q, r); });
    server_.Get("/v1/usage", [this](const Request& q, Response& r) { get_usage(q, r); });
    server_.Get("/v1/usage/events", [this](const Request& q, Response& r) { get_events(q, r); });
    server_.Get(R"(/v1/usage/events/(\d{1,18}))", [this](const Request& q, Response& r) { get_event(q, r); });
    for (const char* path : {"/healthz", "/readyz"}) {
      server_.Get(path, [](const Request&, Response& response) {
        answer(response, 200, JsonValue(JsonValue::Object{{"status", "ok"}}));
      });
    }
    server_.Get("/metrics", [this](const Request&, Response& response) {
      response.set_content(parts_.metrics.exposition(), "text/plain; version=0.0.4");
    });
  }
  ~Impl() {
    server_.stop();
    if (thread_.joinable()) thread_.join();
  }

  Status start() {
    if (options_.listen.port == 0) {
      const int port = server_.bind_to_any_port(options_.listen.host);
      if (port <= 0) return fail(fmt::format("cannot listen on {}", to_text(options_.listen)));
      options_.listen.port = static_cast<std::uint16_t>(port);
    } else if (!server_.bind_to_port(options_.listen.host, options_.listen.port)) {
      return fail(fmt::format("cannot listen on {}: is the address in use?", to_text(options_.listen)));
    }
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();  // stop() before it runs would be lost
    return {};
  }
  const daemon::Endpoint& endpoint() const { return options_.listen; }

 private:
  using Handled = httplib::Server::HandlerResponse;

  Handled admit(const Request& request, Response& response) {
    allow_console(request, response);
    if (request.method == "OPTIONS") {
      response.status = 204;
      return Handled::Handled;
    }
    if (!options_.credentials) return Handled::Unhandled;
    const std::string given = bearer_of(request);
    switch (purpose_of(request)) {
      case Purpose::open:
        return Handled::Unhandled;
      case Purpose::write:
        if (is_credential(given, options_.credentials->writer)) return Handled::Unhandled;
        break;
      case Purpose::read:
        if (reader_of(request)) return Handled::Unhandled;
        break;
    }
    response.set_header("WWW-Authenticate", "Bearer");
    response.set_header("Connection", "close");  // the body that follows is nobody's
    answer_problem(response, 401, given.empty() ? "token-missing" : "token-invalid",
                   "`Authorization: Bearer acc_…` of the right kind is missing");
    return Handled::Handled;
  }

  // The one origin whose pages may read (CORS).
  void allow_console(const Request& request, Response& response) const {
    if (options_.console_origin.empty()) return;
    response.set_header("Vary", "Origin");
    if (request.get_header_value("Origin") != options_.console_origin) return;
    response.set_header("Access-Control-Allow-Origin", options_.console_origin);
    if (request.method != "OPTIONS") return;
    response.set_header("Access-Control-Allow-Methods", "GET");
    response.set_header("Access-Control-Allow-Headers", "Authorization");
    response.set_header("Access-Control-Max-Age", "600");
  }

  // Who reads, and what of; nullopt: nobody we know. A token bounds its reader also where --dev asks for none.
  std::optional<TokenReader> reader_of(const Request& request) const {
    const std::string given = bearer_of(request);
    const bool is_token = given.find('.') != std::string::npos;
    if (!is_token) {
      const bool known = !options_.credentials || is_credential(given, options_.credentials->reader);
      return known ? std::optional<TokenReader>(TokenReader{}) : std::nullopt;
    }
    if (parts_.readers == nullptr) return std::nullopt;
    const auto reader = parts_.readers->check(given);
    if (reader) return *reader;
    parts_.log.warning("a reader's token is refused", {{"error", reader.error().message}});
    return std::nullopt;
  }
  std::optional<TokenReader> admitted_reader(const Request& request, Response& response) const {
    auto reader = reader_of(request);
    if (!reader) answer_problem(response, 401, "token-invalid", "the token is not accepted");
    return reader;
  }

  Result<PostCounts> post(std::vector<Posting> postings) {
    auto counts = parts_.queue.post(std::move(postings));
    if (!counts) {
      parts_.log.error("usage cannot be posted", {{"error", counts.error().message}});
      return counts;
    }
    events_.add(static_cast<std::uint64_t>(counts->counted));
    duplicates_.add(static_cast<std::uint64_t>(counts->duplicates));
    disputes_.add(static_cast<std::uint64_t>(counts->disputed));
    return counts;
  }

  void post_usage(const Request& request, Response& response) {
    if (request.body.size() > limits::kUsageBatchBytes) {
      return answer_problem(response, 413, "body-too-large", "ship fewer events at once");
    }
    auto batch = read_usage_batch(request.body);
    if (!batch) return answer_problem(response, 400, "usage-invalid", batch.error().message, batch.error().field);
    const auto posted = post(std::move(batch->postings));
    if (!posted) return answer_problem(response, 503, "ledger-unavailable", "nothing was stored; ship it again");
    answer(response, 200, JsonValue(JsonValue::Object{{"boot", batch->boot}, {"acknowledged", batch->last_seq}}));
  }

  void post_litellm(const Request& request, Response& response) {
    auto batch = read_litellm(request.body);
    if (!batch) return answer_problem(response, 400, "usage-invalid", batch.error().message, batch.error().field);
    refused_.add(batch->refused.size());
    for (const BodyProblem& problem : batch->refused) {
      parts_.log.warning("a LiteLLM payload is refused", {{"field", problem.field}, {"why", problem.message}});
    }
    const std::size_t taken = batch->postings.size();
    if (taken == 0 && !batch->refused.empty()) {
      const BodyProblem& first = batch->refused.front();
      return answer_problem(response, 400, "usage-invalid", first.message, first.field);
    }
    const auto posted = post(std::move(batch->postings));
    if (!posted) return answer_problem(response, 503, "ledger-unavailable", "nothing was stored; send it again");
    JsonValue::Array refused;
    for (const BodyProblem& problem : batch->refused) {
      refused.emplace_back(JsonValue::Object{{"field", problem.field}, {"why", problem.message}});
    }
    answer(response, 200,
           JsonValue(JsonValue::Object{{"taken", static_cast<std::int64_t>(taken)}, {"refused", std::move(refused)}}));
  }

  std::unique_ptr<LedgerReader> open_reader(Response& response) const {
    auto reader = LedgerReader::open(options_.ledger);
    if (reader) return std::move(*reader);
    unavailable(response, reader.error());
    return nullptr;
  }
  void unavailable(Response& response, const Error& error) const {
    parts_.log.error("the ledger cannot be read", {{"error", error.message}});
    answer_problem(response, 503, "ledger-unavailable", "the log says more");
  }

  void get_usage(const Request& request, Response& response) const {
    const auto who = admitted_reader(request, response);
    if (!who) return;
    auto query = read_report_query(parameters_of(request));
    if (!query) return answer_problem(response, 400, "bad-request", query.error().message);
    query->selection.only_tenant = who->tenant;
    const auto reader = open_reader(response);
    if (!reader) return;
    const auto report = reader->report(query->by, query->selection, query->limit);
    if (!report) return unavailable(response, report.error());
    response.set_header("Cache-Control", "no-store");
    if (query->format == ReportFormat::csv) return response.set_content(to_csv(*report), "text/csv; charset=utf-8");
    answer(response, 200, to_json(*report, query->selection));
  }

  void get_events(const Request& request, Response& response) const {
    const auto who = admitted_reader(request, response);
    if (!who) return;
    auto query = read_calls_query(parameters_of(request));
    if (!query) return answer_problem(response, 400, "bad-request", query.error().message);
    query->selection.only_tenant = who->tenant;
    const auto reader = open_reader(response);
    if (!reader) return;
    const auto page = reader->calls(query->selection, query->after, query->limit);
    if (!page && page.error().message == kBadCursor) {
      return answer_problem(response, 400, "bad-request", page.error().message);
    }
    if (!page) return unavailable(response, page.error());
    response.set_header("Cache-Control", "no-store");
    answer(response, 200, to_json(*page));
  }

  void get_event(const Request& request, Response& response) const {
    const auto who = admitted_reader(request, response);
    if (!who) return;
    const std::string digits = request.matches[1].str();
    std::int64_t id = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), id);
    const auto reader = open_reader(response);
    if (!reader) return;
    const auto call = reader->call(id, who->tenant);
    if (!call) return unavailable(response, call.error());
    if (!*call) return answer_problem(response, 404, "call-unknown", "no call of this id");
    response.set_header("Cache-Control", "no-store");
    answer(response, 200, to_json(**call));
  }

  ServerOptions options_;
  const Parts parts_;
  daemon::Counter& events_;
  daemon::Counter& duplicates_;
  daemon::Counter& disputes_;
  daemon::Counter& refused_;
  httplib::Server server_;
  std::thread thread_;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;
const daemon::Endpoint& Server::endpoint() const { return impl_->endpoint(); }

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, Parts parts) {
  if (options.listen.is_unix()) return fail("accounting listens on TCP");
  auto impl = std::make_unique<Impl>(std::move(options), parts);
  if (Status started = impl->start(); !started) return fail(started.error());
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

}  // namespace portreeve::accounting
