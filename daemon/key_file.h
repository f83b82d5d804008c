// Files that hold private keys: written whole or not at all, read only where nobody else could.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace portreeve::daemon {

// The content of a file that belongs to this user and on which nobody else has a right; empty where there is none.
// Fails on any other file, and says how to mend it.
Result<std::optional<std::string>> read_key_file(const std::filesystem::path& file);

enum class IfPresent : std::uint8_t { fail, replace };

// Writes a file of mode 0600 that appears under its name only when it is whole and synced, name included.
// With IfPresent::fail, false where there is one of that name already, which is left as it is.
Result<bool> write_key_file(const std::filesystem::path& file, std::string_view content, IfPresent if_present);

// Makes the folder, and those above it, where they are missing: mode 0700.
Status make_key_folder(const std::filesystem::path& folder);

}  // namespace portreeve::daemon
