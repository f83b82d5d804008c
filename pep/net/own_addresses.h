// Which addresses are the deployment's own, as far as this machine knows.
#pragma once

#include <cstdint>
#include <vector>

#include "daemon/clock.h"
#include "engine/net/guard.h"
#include "engine/net/ip_prefix.h"

namespace portreeve::pep {

// The addresses of this machine's interfaces, read from the kernel now.
std::vector<net::IpPrefix> interface_addresses();

// The machine's interfaces, looked at anew every two seconds, and what was named at the start. One thread.
class OwnAddressWatch {
 public:
  // `clock` outlives the watch.
  OwnAddressWatch(std::vector<net::IpPrefix> named, const daemon::Clock& clock)
      : named_(std::move(named)), clock_(clock) {}
  const net::OwnAddresses& current();

 private:
  const std::vector<net::IpPrefix> named_;
  const daemon::Clock& clock_;
  net::OwnAddresses addresses_;
  std::int64_t read_at_ = -1;  // steady milliseconds
};

}  // namespace portreeve::pep
