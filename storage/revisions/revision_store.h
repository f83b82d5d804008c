// Every policy revision that was ever active, byte for byte.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/time.h"
#include "engine/wire/policy_file.h"

namespace portreeve::storage {

struct Activation {
  Timestamp time;        // to the millisecond
  std::string revision;  // `sha256:` and 64 hex digits
  friend bool operator==(const Activation&, const Activation&) = default;
};

// Below its folder: `<64 hex digits>/files/…` as given, `<64 hex digits>/MANIFEST` (which `sha256sum -c` reads from
// inside `files/`), `ACTIVATIONS` (one `<time> <revision>` line each) and `ACTIVE` (the last line of it).
// One writer at a time: the owner of the data folder. Any thread; calls are serialised. Blocks on the disk.
class RevisionStore {
 public:
  virtual ~RevisionStore() = default;

  // Opens the folder, making it where it is missing, and removes what a crash left half written.
  static Result<std::unique_ptr<RevisionStore>> open(std::string directory);
  // read() without a store: changes nothing, so that anyone may call it beside the owner.
  static Result<std::vector<wire::PolicyFile>> read_beside(std::string directory, std::string_view revision);

  // Stores the files of a revision: durable, and either whole or absent. Storing it again does nothing.
  // Fails on a malformed revision, and on a path that is absolute, not clean, twice there or has control characters.
  virtual Status put(std::string_view revision, const std::vector<wire::PolicyFile>& files) = 0;
  // Its files sorted by path. Fails where it is missing or its bytes are not what MANIFEST says.
  virtual Result<std::vector<wire::PolicyFile>> read(std::string_view revision) = 0;
  virtual Result<std::vector<std::string>> list() = 0;

  // Notes that `revision` went live. Requires: it is stored (an error otherwise).
  virtual Status activate(std::string_view revision, Timestamp time) = 0;
  // The last one activated; none in a new store.
  virtual Result<std::optional<Activation>> latest() = 0;
  virtual Result<std::vector<Activation>> activations() = 0;
};

}  // namespace portreeve::storage
