// Links that sign in once, for trying things out: made by a command beside the PDP, taken by the PDP.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace portreeve::daemon {

// What a link stands for is a short-lived token of the development issuer, in a file named by the hash of the link's
// secret: who can read the folder's names cannot redeem, and a taken file is gone. Both sides own the data folder.
class OneTimeLinks {
 public:
  // Below the data folder; made, mode 0700, where it is missing.
  explicit OneTimeLinks(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // Keeps the token and returns the link's secret: 43 characters of base64url, 256 random bits.
  Result<std::string> make(std::string_view token) const;
  // The token that the secret stands for, once: of two who ask at the same moment one gets nothing. Whether the token
  // has expired is for its verifier to say. Any bytes may be given.
  std::optional<std::string> take(std::string_view secret) const;

 private:
  std::filesystem::path file_of(std::string_view secret) const;
  const std::filesystem::path folder_;
};

}  // namespace portreeve::daemon
