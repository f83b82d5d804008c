// The listening side: threads, connections, start and stop.
#pragma once

#include <memory>
#include <vector>

#include "daemon/endpoint.h"
#include "engine/base/result.h"
#include "pep/egress/gate.h"

namespace portreeve::pep {

class Door;

// Accepts connections and serves each to its end, on threads of its own. A connection stays on one thread.
class EgressServer {
 public:
  // Listens and starts. `gate` outlives the server; its options say where and with how many threads.
  static Result<std::unique_ptr<EgressServer>> start(Gate& gate);
  // Stops accepting, closes every connection, waits until each has left its record, joins.
  ~EgressServer();
  EgressServer(const EgressServer&) = delete;
  EgressServer& operator=(const EgressServer&) = delete;

  // Where it listens; the port is the kernel's where the options say 0.
  const daemon::Endpoint& address() const { return address_; }

 private:
  class Worker;
  EgressServer();

  daemon::Endpoint address_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<Door> door_;
};

}  // namespace portreeve::pep
