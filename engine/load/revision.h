// Digests of what a policy set is made of.
#pragma once

#include <string>
#include <string_view>

namespace portreeve::load {

// SHA-256 (FIPS 180-4), lower-case hexadecimal.
std::string sha256_hex(std::string_view bytes);

}  // namespace portreeve::load
