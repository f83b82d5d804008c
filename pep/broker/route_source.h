// Keeps the routes what the PDP says they are.
#pragma once

#include <memory>

#include "pep/broker/gate.h"

namespace boost::asio {
class io_context;
}

namespace portreeve::pep {

// Reads `GET /v1/secrets` at its start, when told to, and now and then; asks only for what changed (ETag). What was
// read last stays in force while the PDP is away or says what cannot be understood: every request is asked about
// anyway. On the io_context's thread.
class RouteSource {
 public:
  // All outlive the source.
  RouteSource(boost::asio::io_context& context, BrokerGate& gate, PdpClient& pdp);
  ~RouteSource();
  RouteSource(const RouteSource&) = delete;
  RouteSource& operator=(const RouteSource&) = delete;

  // Reads them now: a policy was activated.
  void refresh();

 private:
  struct Loop;
  std::shared_ptr<Loop> loop_;
};

}  // namespace portreeve::pep
