// What an A-label claims to encode (RFC 3492). Private to engine/net.
#pragma once

#include <string_view>

namespace portreeve::net {

// True where `encoded`, an A-label after its `xn--`, decodes to text of which one character at least is not ASCII, and
// none is a control, a surrogate or a noncharacter. So `xn--` and `xn--abc-` (fake A-labels: another spelling of `abc`)
// and undecodable ones are false. Whether UTS 46 would allow the characters is not asked here. Requires: lower case, at
// most 63 bytes. No allocation.
bool is_punycode_of_non_ascii(std::string_view encoded) noexcept;

}  // namespace portreeve::net
