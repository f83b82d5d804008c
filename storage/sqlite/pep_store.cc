#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <unordered_map>

#include "engine/base/mutex.h"
#include "engine/base/text.h"
#include "storage/sqlite/state_database.h"
#include "storage/sqlite/state_store.h"

namespace portreeve::storage {
namespace {

constexpr std::string_view kSecretPrefix = "pep_";
constexpr std::size_t kSecretLength = 4 + 43;

std::string sha256(std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr);
  return {reinterpret_cast<const char*>(digest), size};
}

bool is_name(std::string_view name) {
  const auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const auto inner = [&](char c) { return alphanumeric(c) || c == '.' || c == '-'; };
  return !name.empty() && name.size() <= 63 && alphanumeric(name.front()) && alphanumeric(name.back()) &&
         std::ranges::all_of(name, inner);
}

std::string domains_text(const PepDomains& domains) {
  std::string out;
  for (const PepDomain domain : domains.list()) out += fmt::format("{}{}", out.empty() ? "" : " ", to_text(domain));
  return out;
}

// A domain that this program does not know grants nothing.
PepDomains domains_from(std::string_view text) {
  PepDomains domains;
  while (!text.empty()) {
    const std::size_t space = std::min(text.find(' '), text.size());
    if (const auto domain = pep_domain_from_text(text.substr(0, space))) domains.add(*domain);
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  return domains;
}

PepCredential credential_in(SQLite::Statement& row) {
  PepCredential credential;
  credential.name = row.getColumn(0).getString();
  credential.domains = domains_from(row.getColumn(1).getString());
  credential.created = Timestamp::from_unix_millis(row.getColumn(2).getInt64());
  if (!row.getColumn(3).isNull()) credential.removed = Timestamp::from_unix_millis(row.getColumn(3).getInt64());
  return credential;
}

class SqlitePepStore final : public PepStore {
 public:
  explicit SqlitePepStore(const std::string& path) : database_(open_state(path)), version_(*database_) {}

  Result<NewPepCredential> add(std::string_view name, PepDomains domains, Timestamp now) override {
    if (!is_name(name)) {
      return fail(
          fmt::format("`{}` is no name: lower-case letters, digits, `.` and `-` within, at most 63", printable(name)));
    }
    if (domains.empty()) return fail(fmt::format("gate `{}` needs at least one domain", name));
    const auto bytes = random_bytes<32>();
    NewPepCredential made;
    made.credential = {std::string(name), domains, Timestamp::from_unix_millis(now.unix_millis()), std::nullopt};
    made.secret =
        std::string(kSecretPrefix) + base64url_encode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    return locked("cannot store a gate's credential", [&]() -> Result<NewPepCredential> {
      SQLite::Statement row(*database_,
                            "INSERT INTO peps(name, domains, secret_sha256, created) SELECT ?1,?2,?3,?4"
                            " WHERE NOT EXISTS (SELECT 1 FROM peps WHERE name = ?1 AND removed IS NULL)");
      const std::string hash = sha256(made.secret);
      row.bind(1, made.credential.name);
      row.bind(2, domains_text(domains));
      row.bind(3, hash.data(), static_cast<int>(hash.size()));
      row.bind(4, made.credential.created.unix_millis());
      if (row.exec() == 0) return fail(fmt::format("there is a gate `{}` already: remove it first", name));
      reload();
      return made;
    });
  }

  Result<std::shared_ptr<const PepCredential>> find_by_secret(std::string_view secret) override {
    if (secret.size() != kSecretLength || !secret.starts_with(kSecretPrefix)) {
      return std::shared_ptr<const PepCredential>();
    }
    const std::string hash = sha256(secret);
    return locked("cannot read gates' credentials", [&]() -> Result<std::shared_ptr<const PepCredential>> {
      if (version_.changed()) reload();
      const auto at = by_hash_.find(hash);
      return at == by_hash_.end() ? nullptr : at->second;
    });
  }

  Result<std::vector<PepCredential>> list() override {
    return locked("cannot read gates' credentials", [&]() -> Result<std::vector<PepCredential>> {
      SQLite::Statement rows(*database_, "SELECT name, domains, created, removed FROM peps ORDER BY name, id");
      std::vector<PepCredential> found;
      while (rows.executeStep()) found.push_back(credential_in(rows));
      return found;
    });
  }

  Result<bool> remove(std::string_view name, Timestamp now) override {
    return locked("cannot remove a gate's credential", [&]() -> Result<bool> {
      SQLite::Statement row(*database_, "UPDATE peps SET removed = ?2 WHERE name = ?1 AND removed IS NULL");
      row.bind(1, std::string(name));
      row.bind(2, now.unix_millis());
      const bool removed = row.exec() > 0;
      reload();
      return removed;
    });
  }

 private:
  template <class Body>
  auto locked(const char* doing, Body body) -> decltype(body()) {
    const MutexLock lock(mutex_);
    return adapted(doing, body);
  }

  void reload() {
    by_hash_.clear();
    SQLite::Statement rows(*database_,
                           "SELECT name, domains, created, removed, secret_sha256 FROM peps WHERE removed IS NULL");
    while (rows.executeStep()) {
      by_hash_.emplace(rows.getColumn(4).getString(), std::make_shared<const PepCredential>(credential_in(rows)));
    }
  }

  Mutex mutex_;
  DatabaseOwner database_ GUARDED_BY(mutex_);
  DataVersion version_ GUARDED_BY(mutex_);
  std::unordered_map<std::string, std::shared_ptr<const PepCredential>> by_hash_ GUARDED_BY(mutex_);
};

}  // namespace

Result<std::unique_ptr<PepStore>> open_pep_store(const std::string& path) {
  return adapted("cannot open `" + path + "`",
                 [&]() -> Result<std::unique_ptr<PepStore>> { return std::make_unique<SqlitePepStore>(path); });
}

}  // namespace portreeve::storage
