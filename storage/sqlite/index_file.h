// Which file is the index just now. Internal.
#pragma once

#include <string>

#include "engine/base/result.h"

namespace portreeve::storage {

// `<data>/index.sqlite` is a symbolic link to `index.<n>.sqlite`, so that a new index can take the old one's place with
// one rename: SQLite names its write-ahead log after the file itself, and two indexes never share one.

// The path of the file behind the link; empty where there is no index.
std::string current_index_file(const std::string& data);
// A path for a new index, above every other and so used by nothing.
Result<std::string> new_index_file(const std::string& data);
// Makes `file` the index and removes every other index's files; who has one open keeps it until it looks again.
Status publish_index_file(const std::string& data, const std::string& file);

}  // namespace portreeve::storage
