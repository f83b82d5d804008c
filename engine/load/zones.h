// Time-zone data from the system's files.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/cel/zone.h"

namespace portreeve::load {

struct ReadZone {
  std::shared_ptr<const cel::Zone> zone;
  std::string sha256_hex;  // of the file
};

// The zone of a name like `Europe/Berlin` from a folder of TZif files (RFC 8536); no path out of it can be named.
Result<ReadZone> read_zone(const std::string& zoneinfo, std::string_view name);

}  // namespace portreeve::load
