// SHA-256, for secrets that are kept as hashes and for entity tags.
#pragma once

#include <string>
#include <string_view>

namespace portreeve::pdp {

// 32 bytes.
std::string sha256(std::string_view bytes);

}  // namespace portreeve::pdp
