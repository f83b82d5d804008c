// Conditions that hold, fail, err or cannot be said yet, depending on who asks what.
#pragma once

#include <string>
#include <vector>

namespace portreeve::differential {

const std::vector<std::string>& conditions();

}  // namespace portreeve::differential
