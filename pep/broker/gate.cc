#include "pep/broker/gate.h"

#include <cstring>

namespace portreeve::pep {

void SecretBuffers::give_back(SecretBytes buffer, std::size_t used) {
  ::explicit_bzero(buffer.writable().data(), used);
  if (free_.size() < kKept) free_.push_back(std::move(buffer));
}

}  // namespace portreeve::pep
