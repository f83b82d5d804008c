// The admin listener: health and metrics now; audit, sessions, policies and the console later. cpp-httplib inside.
#pragma once

#include <memory>

#include "daemon/endpoint.h"
#include "daemon/metrics.h"
#include "daemon/readiness.h"
#include "engine/base/result.h"

namespace portreeve::pdp {

// Serves on threads of its own from listen() until destroyed.
class AdminServer {
 public:
  struct Parts {  // outlive the server
    const daemon::Readiness& readiness;
    const daemon::Metrics& metrics;
  };
  // Binds and serves; port 0 is the kernel's choice. Fails with the address and the reason.
  static Result<std::unique_ptr<AdminServer>> listen(const daemon::Endpoint& endpoint, Parts parts);
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  const daemon::Endpoint& endpoint() const;

 private:
  class Impl;
  explicit AdminServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace portreeve::pdp
