// One entry for fuzzers and for the unit tests' own random runs.
#pragma once

#include <string_view>

namespace portreeve::cel {

// Compiles any bytes against test_environment() and, where that gives a program, runs it as a value and as a condition,
// and asks for its dump and explanations. Aborts where the two runs, or errors and program, contradict each other.
// True if it compiled.
bool fuzz_compile_and_run(std::string_view bytes);

}  // namespace portreeve::cel
