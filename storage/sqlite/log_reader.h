// The decision log of a data folder, read: `<data>/index.sqlite` and, behind it, `<data>/journal`.
#pragma once

#include <memory>
#include <string>

#include "engine/base/result.h"
#include "storage/log/log_reader.h"

namespace portreeve::storage {

// Fails where `<data>/journal` is missing. A missing index only means that all is read from the journal.
Result<std::unique_ptr<LogReader>> open_log_reader(std::string data);

}  // namespace portreeve::storage
