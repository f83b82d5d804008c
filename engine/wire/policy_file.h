// One file of a policy set, as read from a folder or stored with its revision.
#pragma once

#include <string>

namespace portreeve::wire {

// `path` is relative to the policy folder, `/`-separated; `bytes` are the file's, untouched.
struct PolicyFile {
  std::string path;
  std::string bytes;
  friend bool operator==(const PolicyFile&, const PolicyFile&) = default;
};

}  // namespace portreeve::wire
