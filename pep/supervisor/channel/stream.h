// One control connection: messages over WebSocket over TLS, either side.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "engine/base/result.h"
#include "engine/base/time.h"
#include "pep/supervisor/channel/frame.h"
#include "pep/supervisor/channel/keys.h"

namespace boost::asio {
class io_context;
}
namespace boost::asio::ssl {
class context;
}

namespace portreeve::channel {

// A connection on which both sides have proved who they are. On the io_context's thread only.
class ControlStream : public std::enable_shared_from_this<ControlStream> {
 public:
  struct Times {
    Millis handshake{5000};  // TLS and the upgrade
    Millis write{30'000};    // for one message to be taken by the peer's kernel
  };
  // What the supervisor does with a connection that has proved the channel key.
  enum class Admission { admitted, busy, stopping };

  // Takes an accepted socket through TLS and the upgrade. Whoever does not prove the key gets 401, whoever is not
  // admitted 409 (busy) or 503 (stopping). `socket`: a connected stream socket, owned from here on.
  static boost::asio::awaitable<Result<std::shared_ptr<ControlStream>>> serve(
      boost::asio::io_context& context, int socket, std::shared_ptr<boost::asio::ssl::context> tls,
      const SecretText& channel_key, std::function<Admission()> admit, Times times);

  // Connects to `host`, an address or a name, and takes the supervisor there for the channel's only if its certificate
  // and its proof are right.
  static boost::asio::awaitable<Result<std::shared_ptr<ControlStream>>> connect(boost::asio::io_context& context,
                                                                                std::string host, std::uint16_t port,
                                                                                const ChannelDocument& channel,
                                                                                Times times);

  ~ControlStream();
  ControlStream(const ControlStream&) = delete;
  ControlStream& operator=(const ControlStream&) = delete;

  // The next message, whole. Fails at the end of the connection. One at a time.
  boost::asio::awaitable<Result<std::string>> read();

  // Queues one message. Nothing is sent on a connection that has ended.
  void send(std::string message);
  // Queues messages back to back without copying them; for bulk data.
  std::size_t queued_bytes() const;
  // Until fewer than `bytes` are queued, or the connection has ended.
  boost::asio::awaitable<void> wait_until_below(std::size_t bytes);

  // Sends what is queued and a close frame, then ends the connection.
  void close_in_order();
  // Ends it now.
  void cut();
  bool ended() const;

 private:
  struct Wire;
  explicit ControlStream(std::unique_ptr<Wire> wire);
  boost::asio::awaitable<void> write_queue();
  std::unique_ptr<Wire> wire_;
};

}  // namespace portreeve::channel
