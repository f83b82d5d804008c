// Asks the PDP, over connections that are kept. No answer is a denial.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "daemon/endpoint.h"
#include "engine/base/result.h"
#include "engine/base/time.h"
#include "engine/wire/reason.h"
#include "pep/client/answer.h"

namespace boost::asio {
class io_context;
}

namespace portreeve::pep {

// Why there is no answer. The gate denies with `reason`: pdp_unavailable or audit_unavailable.
struct PdpUnavailable {
  wire::Reason reason = wire::Reason::pdp_unavailable;
  std::string detail;  // for the operator
};

using AskResult = std::variant<Answer, PdpUnavailable>;

struct PdpOptions {
  daemon::Endpoint endpoint;
  std::string credential;  // `pep_…`; empty: none is sent (a PDP with --dev, or a Unix socket's peer)
  Millis deadline{2000};   // for one exchange, connecting included
  std::size_t idle_connections = 128;
};

// Reads `http://HOST:PORT` (the path empty or `/`) or `unix:/PATH`.
Result<daemon::Endpoint> parse_pdp_url(std::string_view text);

struct PdpConnection;

// One per io_context, used on its thread only; outlives every exchange it started. Nothing is cached. A kept connection
// that turns out to be dead costs one more try on a new one, within the same deadline.
class PdpClient {
 public:
  PdpClient(boost::asio::io_context& context, PdpOptions options);
  ~PdpClient();
  PdpClient(const PdpClient&) = delete;
  PdpClient& operator=(const PdpClient&) = delete;

  // The credential of every exchange from now on.
  void renew(std::string credential) { options_.credential = std::move(credential); }

  // One question. Whatever is not a complete, well-formed answer in time is PdpUnavailable.
  boost::asio::awaitable<AskResult> ask(EgressAsk ask);
  boost::asio::awaitable<AskResult> ask(SecretAsk ask);
  boost::asio::awaitable<AskResult> ask(ExecAsk ask);

  struct Reply {
    int status = 0;
    std::string body;
    std::string etag;  // empty where there is none
  };
  // POSTs a JSON body. Fails where no complete HTTP answer came in time; any status is a reply.
  boost::asio::awaitable<Result<Reply>> post(std::string path, std::string body);
  // GETs; with an `etag` only what differs from it (304 otherwise). A body is at most limits::kPdpListBytes.
  boost::asio::awaitable<Result<Reply>> get(std::string path, std::string etag = "");

 private:
  class Pool;
  boost::asio::awaitable<Result<Reply>> exchange(PdpConnection& connection, std::string_view request,
                                                 std::size_t most_bytes, bool& keep);
  boost::asio::awaitable<Result<Reply>> send(std::string request, std::size_t most_bytes);
  template <class Ask>
  boost::asio::awaitable<AskResult> ask_any(Ask ask);

  boost::asio::io_context& context_;
  PdpOptions options_;
  std::unique_ptr<Pool> pool_;
};

}  // namespace portreeve::pep
