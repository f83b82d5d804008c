// The request as it goes upstream, credential included.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "pep/broker/exchange.h"

namespace portreeve::pep {

// How the body that goes upstream is framed.
struct UpstreamBody {
  Framing framing = Framing::none;
  std::size_t length = 0;
};

// Writes the head, the empty line included, at the front of `out` (locked memory), and says how many bytes it took.
// Nothing of the credential is written anywhere else. Fails where it does not fit.
Result<std::size_t> write_upstream_head(std::span<char> out, const AllowedCall& call, UpstreamBody body);

}  // namespace portreeve::pep
