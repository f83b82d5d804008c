#include "pdp/identity/token_cache.h"

#include <openssl/evp.h>

#include "engine/base/check.h"

namespace portreeve::pdp {

TokenDigest digest_of(std::string_view token) {
  TokenDigest digest{};
  unsigned int size = 0;
  CHECK(EVP_Digest(token.data(), token.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1 &&
        size == digest.size());
  return digest;
}

}  // namespace portreeve::pdp
