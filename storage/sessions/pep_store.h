// The gates' credentials: made once in clear, kept as a hash.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/time.h"

namespace portreeve::storage {

// What a gate may ask about.
enum class PepDomain : std::uint8_t { egress, secrets, execution, access, sessions };
inline constexpr PepDomain kAllPepDomains[] = {PepDomain::egress, PepDomain::secrets, PepDomain::execution,
                                               PepDomain::access, PepDomain::sessions};
std::string_view to_text(PepDomain domain);
std::optional<PepDomain> pep_domain_from_text(std::string_view text);

// A set of domains. A value.
class PepDomains {
 public:
  constexpr PepDomains() = default;
  constexpr PepDomains(std::initializer_list<PepDomain> domains) {
    for (const PepDomain domain : domains) add(domain);
  }
  constexpr void add(PepDomain domain) { bits_ |= bit(domain); }
  constexpr bool contains(PepDomain domain) const { return (bits_ & bit(domain)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  std::vector<PepDomain> list() const;
  friend constexpr bool operator==(const PepDomains&, const PepDomains&) = default;

 private:
  static constexpr std::uint32_t bit(PepDomain domain) { return 1u << static_cast<unsigned>(domain); }
  std::uint32_t bits_ = 0;
};

struct PepCredential {
  std::string name;  // [a-z0-9]([a-z0-9.-]*[a-z0-9])?, at most 63
  PepDomains domains;
  Timestamp created;
  std::optional<Timestamp> removed;
};

// What is shown once and never stored: `pep_` and 43 characters of base64url.
struct NewPepCredential {
  PepCredential credential;
  std::string secret;
};

// Any thread. Reads see what other processes committed. Writes are durable when they return.
class PepStore {
 public:
  virtual ~PepStore() = default;

  // Fails where the name is malformed or in use, or no domain is given. A removed name may be taken anew.
  virtual Result<NewPepCredential> add(std::string_view name, PepDomains domains, Timestamp now) = 0;
  // The credential that this secret proves; null for any other text, removed ones included. Compares SHA-256 hashes, so
  // its time says nothing of stored secrets. Answered from memory unless the state changed.
  virtual Result<std::shared_ptr<const PepCredential>> find_by_secret(std::string_view secret) = 0;
  // In order of name, then of creation; with the removed ones.
  virtual Result<std::vector<PepCredential>> list() = 0;
  // False where no credential of that name is in force.
  virtual Result<bool> remove(std::string_view name, Timestamp now) = 0;
};

}  // namespace portreeve::storage
