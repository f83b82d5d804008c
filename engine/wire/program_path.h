// Paths of programs as judgement reads them.
#pragma once

#include <string_view>

namespace portreeve::wire {

// True for an absolute path without empty, `.` and `..` segments and without NUL or a trailing slash; `/` itself is
// clean.
bool is_clean_path(std::string_view path);

// True where the last segment names an ELF interpreter (`ld-linux-x86-64.so.2`, `ld.so`, `ld64.so.1`,
// `ld-musl-*.so.1`): it runs whatever file it is given, so that judging it judges nothing.
bool is_dynamic_loader(std::string_view path);

}  // namespace portreeve::wire
