// What the kernel said, in words.
#pragma once

#include <cerrno>
#include <cstring>
#include <string>

#include "engine/base/result.h"

namespace portreeve::supervisor {

// `what`, then the text of `error`.
[[nodiscard]] inline tl::unexpected<Error> system_fail(const std::string& what, int error = errno) {
  return fail(what + ": " + strerrordesc_np(error));
}

}  // namespace portreeve::supervisor
