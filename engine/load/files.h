// Reading one file whole, within a bound.
#pragma once

#include <cstddef>
#include <string>

#include "engine/base/result.h"

namespace portreeve::load {

// The bytes of a regular file. Fails where there is none, it cannot be read, or it is over `most` bytes. Follows links.
Result<std::string> read_file(const std::string& path, std::size_t most);

}  // namespace portreeve::load
