// Accounting's own credentials: one to write, one to read.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace portreeve::accounting {

// `acc_` and 43 characters. Each stands alone in its file, which whoever uses it is given a copy of.
struct Credentials {
  std::string writer;  // posts usage; reads nothing
  std::string reader;  // reads; posts nothing
};

// Reads `<folder>/writer` and `<folder>/reader`; makes what is missing (folder 0700, files 0600). Fails on a file that
// others may read, or that holds anything else.
Result<Credentials> open_credentials(const std::filesystem::path& folder);

// Compares in a time that does not depend on where they differ.
bool is_credential(std::string_view given, std::string_view expected);

}  // namespace portreeve::accounting
