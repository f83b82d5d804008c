// The broker's threads and its listening socket.
#pragma once

#include <memory>
#include <vector>

#include "daemon/endpoint.h"
#include "engine/base/result.h"
#include "pep/broker/gate.h"

namespace portreeve::pep {

class Door;

// Accepts connections and serves each to its end, on threads of its own. A connection stays on one thread, which has
// its own line to the PDP, its own event stream and its own upstream connections.
class BrokerServer {
 public:
  // Listens and starts. `gate` outlives the server; its options say where and with how many threads.
  static Result<std::unique_ptr<BrokerServer>> start(BrokerGate& gate);
  // Stops accepting, closes every connection, waits until each has left its record, joins.
  ~BrokerServer();
  BrokerServer(const BrokerServer&) = delete;
  BrokerServer& operator=(const BrokerServer&) = delete;

  // Where it listens; the port is the kernel's where the options say 0.
  const daemon::Endpoint& address() const { return address_; }

 private:
  class Worker;
  BrokerServer();

  daemon::Endpoint address_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<Door> door_;
};

}  // namespace portreeve::pep
