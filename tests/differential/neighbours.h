// Values just inside and just outside what a pattern, a prefix, a range or a moment says.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/time.h"
#include "engine/model/egress.h"
#include "engine/net/host_pattern.h"
#include "engine/net/ip_prefix.h"
#include "engine/pattern/pattern.h"
#include "tests/differential/dice.h"

namespace portreeve::differential {

// Mostly a name that the pattern covers; else its suffix, a label more, a label less.
std::string name_about(Dice& dice, const net::HostPattern& pattern);
// Mostly the first or the last address inside; else the one before or after.
net::IpAddress address_about(Dice& dice, const net::IpPrefix& prefix);
// Mostly the first or the last port inside; else the one before or after.
std::uint16_t port_about(Dice& dice, const model::PortRange& range);
// Mostly text that the pattern covers; else one that it nearly does.
std::string text_about(Dice& dice, const pattern::Pattern& pattern);
// The moment, or a nanosecond or a second before or after.
Timestamp time_about(Dice& dice, Timestamp moment);

}  // namespace portreeve::differential
