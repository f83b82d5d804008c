// How long a revocation takes to reach every gate: from its answer to the cut at each of 200 connected gates.
// Usage: revoke_bench URL CREDENTIAL ID_TOKEN   (run by the script of this name)
#include <httplib.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <cstdio>
#include <future>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "pep/client/event_stream.h"
#include "pep/client/session_watch.h"

namespace portreeve::pep {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kGates = 200;
constexpr int kRounds = 50;

double millis(Clock::duration span) { return std::chrono::duration<double, std::milli>(span).count(); }

// Two hundred gates, as far as their watch over sessions goes, on one thread.
class Gates {
 public:
  Gates(const daemon::Endpoint& pdp, const std::string& credential) : work_(context_.get_executor()) {
    EventStreamOptions options;
    options.pdp.endpoint = pdp;
    options.pdp.credential = credential;
    options.on_revision = [this](const std::string&) {
      if (++heard_ == kGates) all_heard_.set_value();
    };
    for (std::size_t i = 0; i < kGates; ++i) {
      gates_.push_back(std::make_unique<Gate>(context_, options));
    }
    thread_ = std::thread([this] { context_.run(); });
  }
  ~Gates() {
    context_.stop();
    thread_.join();
  }
  bool wait_until_heard() {
    return all_heard_.get_future().wait_for(std::chrono::seconds(20)) == std::future_status::ready;
  }

  // Each gate has something open for the session; ready when the last was cut, with the times of all cuts.
  std::future<std::vector<Clock::time_point>> open_for(const std::string& session) {
    std::promise<void> opened;
    cuts_ = std::make_shared<std::promise<std::vector<Clock::time_point>>>();
    asio::post(context_, [&, session] {
      times_.clear();
      for (const auto& gate : gates_) {
        gate->open.emplace(gate->watch.enter([this](CutCause) {
          times_.push_back(Clock::now());
          if (times_.size() == kGates) cuts_->set_value(times_);
        }));
        gate->open->bind(session, 0);
      }
      opened.set_value();
    });
    opened.get_future().wait();
    return cuts_->get_future();
  }

 private:
  struct Gate {
    Gate(asio::io_context& context, const EventStreamOptions& options)
        : watch(context), stream(context, options, watch) {}
    SessionWatch watch;
    EventStream stream;
    std::optional<Registration> open;
  };

  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::vector<std::unique_ptr<Gate>> gates_;
  std::size_t heard_ = 0;
  std::promise<void> all_heard_;
  std::vector<Clock::time_point> times_;
  std::shared_ptr<std::promise<std::vector<Clock::time_point>>> cuts_;
  std::thread thread_;
};

void show(const char* name, std::vector<double>& values, double quantile, const char* what) {
  const auto at = static_cast<std::size_t>(quantile * static_cast<double>(values.size() - 1));
  std::sort(values.begin(), values.end());
  std::printf("{\"name\": \"%s\", \"value\": %.4f, \"unit\": \"ms\", \"context\": \"%zu gates, %d revocations, %s\"}\n",
              name, values[at], kGates, kRounds, what);
}

int give_up(const char* why) {
  std::fprintf(stderr, "revoke_bench: %s\n", why);
  return 1;
}

int run(const std::string& url, const std::string& credential, const std::string& id_token) {
  const auto pdp = parse_pdp_url(url);
  if (!pdp) return give_up(pdp.error().message.c_str());
  Gates gates(*pdp, credential);
  if (!gates.wait_until_heard()) return give_up("the gates do not hear the PDP");

  httplib::Client http(url);
  http.set_keep_alive(true);
  const httplib::Headers as_gate{{"Authorization", "Bearer " + credential}};
  std::vector<double> answered, sent;
  for (int round = 0; round < kRounds; ++round) {
    const auto made =
        http.Post("/v1/token", httplib::Params{{"grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"},
                                               {"subject_token", id_token},
                                               {"subject_token_type", "urn:ietf:params:oauth:token-type:jwt"}});
    if (!made || made->status != 200) return give_up("no session");
    const auto session = nlohmann::json::parse(made->body);
    auto cuts = gates.open_for(session.at("session_id").get<std::string>());
    const auto start = Clock::now();
    const auto revoked =
        http.Post("/v1/revoke", as_gate, httplib::Params{{"token", session.at("access_token").get<std::string>()}});
    const auto end = Clock::now();
    if (!revoked || revoked->status != 200) return give_up("the revocation is refused");
    if (cuts.wait_for(std::chrono::seconds(20)) != std::future_status::ready) return give_up("a gate was not cut");
    for (const Clock::time_point cut : cuts.get()) {
      answered.push_back(std::max(0.0, millis(cut - end)));
      sent.push_back(millis(cut - start));
    }
  }
  show("revoke.p50", answered, 0.5, "from the answer to the cut");
  show("revoke.p99", answered, 0.99, "from the answer to the cut");
  show("revoke.max", answered, 1, "from the answer to the cut");
  show("revoke.asked_p99", sent, 0.99, "from the request to the cut");
  return 0;
}

}  // namespace
}  // namespace portreeve::pep

int main(int argc, char** argv) {
  if (argc != 4) return portreeve::pep::give_up("usage: revoke_bench URL CREDENTIAL ID_TOKEN");
  return portreeve::pep::run(argv[1], argv[2], argv[3]);
}
