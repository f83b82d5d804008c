// Hands the spooled records to the PDP, at least once, in order.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "daemon/log.h"
#include "engine/base/mutex.h"
#include "engine/base/time.h"
#include "pep/client/pdp_client.h"
#include "pep/spool/outcome_spool.h"

namespace portreeve::pep {

struct ShipperOptions {
  PdpOptions pdp;
  std::string dead_letters;  // the file that takes records which the PDP calls invalid, one JSON object a line
  std::size_t batch = 256;
  Millis first_pause{100};  // after a failure; doubled up to the longest
  Millis longest_pause{5000};
  Millis farewell{2000};  // how long the destructor goes on shipping what there is
};

// A thread that POSTs batches to `/v1/outcomes` and acknowledges in the spool what the PDP says it stored. While the
// PDP is away it tries again, for ever. A record that the PDP refuses (400 or 422, or among a batch it took) goes to
// the dead letters, so that it cannot hold up those behind it.
class OutcomeShipper {
 public:
  // `spool`, `files` and `log` outlive the shipper.
  OutcomeShipper(OutcomeSpool& spool, storage::FileSystem& files, ShipperOptions options, const daemon::Log& log);
  // Ships what it can within `farewell`, then stops.
  ~OutcomeShipper();
  OutcomeShipper(const OutcomeShipper&) = delete;
  OutcomeShipper& operator=(const OutcomeShipper&) = delete;

 private:
  struct Line;  // the client and what it runs on
  struct Entry {
    std::uint64_t index = 0;  // in the spool
    std::string boot;
    std::int64_t seq = 0;
    std::string record;  // as on the wire
  };
  enum class Verdict : std::uint8_t { taken, again, failed };

  void run();
  bool fill();
  Verdict ship();
  Verdict take_acknowledgement(std::size_t sent, const std::string& body);
  Verdict drop(std::size_t count);
  bool write_dead_letter(const Entry& entry, std::string_view why);
  Verdict bury(std::size_t position, const PdpClient::Reply& reply);
  Verdict shrink_or_bury(std::size_t sent, const PdpClient::Reply& reply);
  void pause(Millis span);
  bool stopping() const { return stopping_.load(std::memory_order_acquire); }

  OutcomeSpool& spool_;
  storage::FileSystem& files_;
  const ShipperOptions options_;
  const daemon::Log& log_;

  // Owned by the thread.
  std::unique_ptr<Line> line_;
  std::vector<Entry> pending_;
  std::size_t most_ = 0;  // how many may go at once; falls to one to find a record that the PDP does not name

  std::atomic<bool> stopping_{false};
  Mutex mutex_;
  std::condition_variable_any wake_;
  std::thread thread_;
};

}  // namespace portreeve::pep
