// Randomness from the kernel, and the identifiers made of it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/time.h"

namespace portreeve::daemon {

// Fills `out` from the kernel's generator (getrandom(2)). Any thread; one system call per 256 bytes.
// A kernel without randomness ends the process: there is no safe way on.
void fill_random(std::span<char> out);
// `size` random bytes.
std::string random_bytes(std::size_t size);

// `prefix` and a ULID: 48 bits of unix milliseconds and 80 random bits as 26 characters of Crockford's base32, as in
// `dec_01ARZ3NDEKTSV4RRFFQ69G5FAV`. Sorts by time to the millisecond, not within one. Any thread; one allocation.
// Requires: a time from 1970 on.
std::string new_id(std::string_view prefix, Timestamp time);

}  // namespace portreeve::daemon
