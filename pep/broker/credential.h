// A real credential: read from its file, and spent on the upstream leg alone.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/mutex.h"
#include "engine/base/result.h"
#include "pep/broker/needles.h"
#include "pep/broker/route.h"
#include "pep/broker/secret_bytes.h"

namespace portreeve::pep {

// A credential as a route spends it, with what is searched for in what comes back. Immutable; any thread.
class Credential {
 public:
  // Fails for a value that is not limits::kSecretLeastBytes to limits::kSecretBytes of printable ASCII.
  static Result<std::shared_ptr<const Credential>> make(SecretBytes value, const Inject& inject);

  // Writes the header line, CR LF included, at the front of `out`, and says how many bytes it took; 0 for InjectQuery.
  // Requires: room for most_bytes().
  std::size_t write_header(std::span<char> out) const;
  // The same for `NAME=VALUE` of the query, percent-escaped; 0 for every other form.
  std::size_t write_query(std::span<char> out) const;
  // No injection takes more.
  std::size_t most_bytes() const { return 3 * value_.size() + 512; }

  // The header that it goes into, lower case; empty where into none.
  std::string_view header() const;
  std::string_view query_name() const;
  const std::shared_ptr<const Needles>& needles() const { return needles_; }

 private:
  Credential(SecretBytes value, Inject inject) : value_(std::move(value)), inject_(std::move(inject)) {}
  const SecretBytes value_;
  const Inject inject_;
  std::shared_ptr<const Needles> needles_;
};

// The folder of secret files, one credential each: a trailing line end is not part of it. Looks at the file at each use
// (one system call) and reads it anew when it changed. Any thread.
class CredentialStore {
 public:
  // Fails where the folder is not there, is not this user's or root's, or others may write to it.
  static Result<std::unique_ptr<CredentialStore>> open(std::string directory);
  ~CredentialStore();
  CredentialStore(const CredentialStore&) = delete;
  CredentialStore& operator=(const CredentialStore&) = delete;

  // The route's credential as it is now. Fails for a file that is missing, is no regular file, is not this user's, or
  // on which anybody else has a right (0600 or less), and for what Credential::make() refuses. The error names the
  // file, and nothing of what is in it.
  Result<std::shared_ptr<const Credential>> find(const Route& route);

 private:
  struct Stamp {
    std::uint64_t device = 0, inode = 0;
    std::int64_t size = 0, modified = 0, changed = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  struct Kept {
    Stamp stamp;
    Inject inject;
    std::shared_ptr<const Credential> credential;
  };
  CredentialStore(std::string directory, int folder) : directory_(std::move(directory)), folder_(folder) {}
  Result<Stamp> check(int file, const std::string& name) const;
  static Result<SecretBytes> read(int file, std::int64_t size, const std::string& name);

  const std::string directory_;
  const int folder_;
  Mutex mutex_;
  std::map<std::string, Kept> kept_ GUARDED_BY(mutex_);  // by the Secret's name
};

}  // namespace portreeve::pep
