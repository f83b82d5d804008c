// Hands the spooled usage to accounting, at least once, in order.
#pragma once

#include <memory>
#include <string>

#include "daemon/endpoint.h"
#include "daemon/log.h"
#include "engine/base/time.h"
#include "pep/usage/usage_spool.h"

namespace portreeve::pep {

struct UsageShipperOptions {
  daemon::Endpoint accounting;  // TCP or a Unix socket
  std::string credential;       // `acc_…`; empty: none is sent (accounting with --dev)
  std::string gate;             // the name that accounting shows
  std::string dead_letters;     // the file that takes events which accounting calls invalid, one JSON object a line
  std::size_t batch = 512;
  Millis deadline{10'000};  // for one exchange
  Millis first_pause{100};  // after a failure; doubled up to the longest
  Millis longest_pause{5000};
  Millis farewell{2000};  // how long the destructor goes on shipping what there is
};

// A thread that POSTs batches to `/v1/usage` and acknowledges in the spool what accounting says it stored. Accounting
// away, slow or answering garbage: it tries again, for ever, and the spool holds. An event that accounting calls
// invalid goes to the dead letters, so that it cannot hold up those behind it.
class UsageShipper {
 public:
  // `spool`, `files` and `log` outlive the shipper.
  UsageShipper(UsageSpool& spool, storage::FileSystem& files, UsageShipperOptions options, const daemon::Log& log);
  // Ships what it can within `farewell`, then stops.
  ~UsageShipper();
  UsageShipper(const UsageShipper&) = delete;
  UsageShipper& operator=(const UsageShipper&) = delete;

 private:
  struct Line;
  std::unique_ptr<Line> line_;
};

}  // namespace portreeve::pep
