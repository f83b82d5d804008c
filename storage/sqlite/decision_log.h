// The embedded decision log: journal and SQLite index in one data folder.
#pragma once

#include <memory>
#include <string>

#include "engine/base/result.h"
#include "storage/log/decision_log.h"
#include "storage/segments/file_system.h"
#include "storage/segments/segment_log.h"

namespace portreeve::storage {

struct DecisionLogOptions {
  SegmentOptions journal;
};

// Opens `<data>/journal` and `<data>/index.sqlite`, repairs what a crash left, and brings the index up to date, which
// takes about a second for 50 000 records that it lacks. Fails where another process has the journal open, or where it
// is corrupt. `files` (the journal's; the index is SQLite's own affair) outlives the log.
Result<std::unique_ptr<DecisionLog>> open_decision_log(FileSystem& files, const std::string& data,
                                                       DecisionLogOptions options = {});

}  // namespace portreeve::storage
