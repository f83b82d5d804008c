// Keeps `GET /v1/events` open, and tells what comes.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/base/time.h"
#include "pep/client/pdp_client.h"
#include "pep/client/session_watch.h"

namespace portreeve::pep {

struct EventStreamOptions {
  PdpOptions pdp;
  Millis stalled{2'500};   // without a heartbeat: two are missing; the connection is given up for a new one
  Millis first_pause{50};  // before connecting again; doubles up to the longest, less some dice
  Millis longest_pause{1'000};
  // Told the revision in force whenever it may have changed: at each connection and each activation.
  std::function<void(const std::string& revision)> on_revision;
  // Told where the stream comes up (empty) or why it is lost. Once a change, not once an attempt.
  std::function<void(const std::string& lost_because)> on_change;
};

// From construction to destruction one connection, over TCP or a Unix socket, made anew as often as needed and resumed
// by Last-Event-ID, so that no revocation is missed. Feeds `watch`. On the io_context's thread.
class EventStream {
 public:
  // `context` and `watch` outlive the stream.
  EventStream(boost::asio::io_context& context, EventStreamOptions options, SessionWatch& watch);
  ~EventStream();
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  // The credential of every connection from the next on.
  void renew(std::string credential);

 private:
  struct Line;
  std::shared_ptr<Line> line_;
};

}  // namespace portreeve::pep
