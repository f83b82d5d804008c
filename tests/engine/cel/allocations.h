// Counts allocations, so that a promise to make none can be tested.
#pragma once

#include <cstddef>

namespace portreeve::cel {

// Calls of operator new by this thread so far; 0 for ever where they are not counted.
std::size_t allocations_of_this_thread();
// False under sanitizers, which bring their own allocator.
bool allocations_are_counted();

}  // namespace portreeve::cel
