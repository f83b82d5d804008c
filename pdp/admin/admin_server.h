// The admin listener: health, metrics, and AdminApi. cpp-httplib inside.
#pragma once

#include <functional>
#include <memory>

#include "daemon/endpoint.h"
#include "daemon/metrics.h"
#include "daemon/readiness.h"
#include "engine/base/result.h"
#include "pdp/admin/admin_message.h"

namespace portreeve::pdp {

// Serves on threads of its own from listen() until destroyed. Bodies are bounded, and so are the threads: one holds a
// connection for as long as it is being answered and a second longer.
class AdminServer {
 public:
  struct Parts {  // outlive the server
    const daemon::Readiness& readiness;
    const daemon::Metrics& metrics;
  };
  using Handler = std::function<AdminResponse(const HttpRequest&)>;

  // Binds, so that its port is known; port 0 is the kernel's choice. Serves from serve() on. Fails with the address and
  // the reason.
  static Result<std::unique_ptr<AdminServer>> listen(const daemon::Endpoint& endpoint, Parts parts);
  // All but health and metrics goes to `handler`, from several threads. Once.
  void serve(Handler handler);
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
