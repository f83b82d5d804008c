// One connection to the PDP, and the time it may take. Private to this folder.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/base/time.h"
#include "pep/client/pdp_client.h"

namespace portreeve::pep {

struct PdpConnection {
  explicit PdpConnection(boost::asio::io_context& context) : socket(context) {}
  boost::asio::generic::stream_protocol::socket socket;
  boost::beast::flat_buffer buffer;
};

// Ends whatever an exchange waits for when its time is up, or before. The timer's handler may run after the exchange is
// over, so what it touches is shared with it.
class PdpDeadline {
 public:
  // What the exchange waits for at the moment.
  struct Wait {
    bool expired = false;
    PdpConnection* connection = nullptr;  // null: none, or no longer ours
    boost::asio::ip::tcp::resolver* resolver = nullptr;

    void end();
  };

  PdpDeadline(boost::asio::io_context& context, Millis span);
  ~PdpDeadline();
  PdpDeadline(const PdpDeadline&) = delete;
  PdpDeadline& operator=(const PdpDeadline&) = delete;

  // Counts `span` from now instead.
  void restart(Millis span);
  bool expired() const { return wait_->expired; }
  Wait& wait() { return *wait_; }
  const std::shared_ptr<Wait>& shared_wait() const { return wait_; }

 private:
  std::shared_ptr<Wait> wait_;
  boost::asio::steady_timer timer_;
};

// Connects to the first address of the endpoint that takes it. `deadline` outlives the call.
boost::asio::awaitable<Result<std::unique_ptr<PdpConnection>>> connect_pdp(boost::asio::io_context& context,
                                                                           daemon::Endpoint endpoint,
                                                                           PdpDeadline& deadline);

// The first lines of a request, credential included, without the empty one.
std::string request_head(const PdpOptions& options, std::string_view method_and_path);

}  // namespace portreeve::pep
