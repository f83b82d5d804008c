#include "daemon/signing_key.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "daemon/dev_issuer.h"
#include "daemon/key_file.h"
#include "pdp/identity/check_token.h"

namespace portreeve::pdp {
namespace {

namespace fs = std::filesystem;

class KeyFolder : public testing::Test {
 protected:
  KeyFolder() {
    std::string name = (fs::temp_directory_path() / "portreeve-keys-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~KeyFolder() override { fs::remove_all(folder_); }

  static unsigned mode_of(const fs::path& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 07777;
  }

  fs::path folder_;
};

TEST_F(KeyFolder, KeepsAKeyInAFileOfItsOwnerAlone) {
  const fs::path file = folder_ / "key.pem";
  const mode_t before = ::umask(0);
  const auto made = daemon::SigningKey::load_or_create(file);
  ::umask(before);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(mode_of(file), 0600u);
  const auto again = daemon::SigningKey::load_or_create(file);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->kid(), made->kid());
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1) << "nothing is left beside it";
  const auto verifier = PublicKey::from_jwk(made->public_jwk());
  ASSERT_TRUE(verifier) << verifier.error().message;
  EXPECT_TRUE(verifier->verifies(Algorithm::eddsa, "m", again->sign("m")));
}

TEST_F(KeyFolder, RefusesAFileThatOthersHaveRightsOn) {
  const fs::path file = folder_ / "key.pem";
  ASSERT_TRUE(daemon::SigningKey::load_or_create(file));
  for (const mode_t mode : {0640, 0604, 0620, 0602, 0610, 0601, 0644, 0777}) {
    ASSERT_EQ(::chmod(file.c_str(), mode), 0);
    const auto key = daemon::SigningKey::load_or_create(file);
    ASSERT_FALSE(key) << mode;
    EXPECT_NE(key.error().message.find(fmt::format("a key file that others have rights on (mode {:04o})", mode)),
              std::string::npos)
        << key.error().message;
    EXPECT_NE(key.error().message.find("chmod 600"), std::string::npos);
  }
  for (const mode_t mode : {0600, 0400}) {
    ASSERT_EQ(::chmod(file.c_str(), mode), 0);
    EXPECT_TRUE(daemon::SigningKey::load(file)) << mode;
  }
}

TEST_F(KeyFolder, RefusesFilesThatAreNoKey) {
  const auto write = [&](std::string_view content) {
    std::ofstream(folder_ / "key.pem", std::ios::trunc) << content;
    ::chmod((folder_ / "key.pem").c_str(), 0600);
  };
  for (const std::string_view content :
       {"", "hello", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        // An Ed25519 key behind a password: must fail, not ask.
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAg=\n-----END ENCRYPTED "
        "PRIVATE "
        "KEY-----\n"}) {
    write(content);
    EXPECT_FALSE(daemon::SigningKey::load_or_create(folder_ / "key.pem")) << content;
  }
  write(std::string(100'000, 'x'));
  EXPECT_FALSE(daemon::SigningKey::load_or_create(folder_ / "key.pem"));
  EXPECT_FALSE(daemon::SigningKey::load_or_create(folder_));
  EXPECT_FALSE(daemon::SigningKey::load_or_create(folder_ / "missing" / "key.pem"));
  EXPECT_EQ(daemon::SigningKey::load(folder_ / "none.pem").error().message,
            (folder_ / "none.pem").string() + ": no such key file");
}

TEST_F(KeyFolder, GivesOneKeyToAllWhoRaceForIt) {
  std::vector<std::string> kids(16);
  {
    std::vector<std::thread> threads;
    for (std::string& kid : kids) {
      threads.emplace_back([&kid, this] {
        const auto key = daemon::SigningKey::load_or_create(folder_ / "key.pem");
        if (key) kid = key->kid();
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(std::set<std::string>(kids.begin(), kids.end()).size(), 1u);
  EXPECT_NE(kids.front(), "");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1);
}

TEST_F(KeyFolder, DevIssuerMintsWhatItsOwnKeySetVerifies) {
  const auto issuer = daemon::DevIssuer::open(folder_ / "data" / "dev");
  ASSERT_TRUE(issuer) << issuer.error().message;
  EXPECT_EQ(mode_of(folder_ / "data" / "dev"), 0700u);
  EXPECT_EQ(mode_of(folder_ / "data" / "dev" / "issuer-key.pem"), 0600u);
  const auto document = daemon::read_key_file(daemon::DevIssuer::keys_file(folder_ / "data" / "dev"));
  ASSERT_TRUE(document && *document);
  EXPECT_EQ(**document, issuer->jwks());
  const auto again = daemon::DevIssuer::open(folder_ / "data" / "dev");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->jwks(), issuer->jwks());

  const Timestamp now = Timestamp::from_unix(1'795'000'000);
  const std::string compact =
      issuer->mint(JsonValue::Object{{"aud", "portreeve"}, {"sub", "rita"}, {"iss", "https://elsewhere"}, {"exp", 1}},
                   now, Seconds{60});
  const auto token = UnverifiedToken::parse(compact);
  ASSERT_TRUE(token);
  const auto keys = KeySet::parse(issuer->jwks());
  ASSERT_TRUE(keys);
  const ProviderTrust trust{"dev", daemon::kDevIssuer, {"portreeve"}, {Algorithm::eddsa}, JwksDiscovery{}};
  const auto verdict = TokenChecker::check(*token, trust, keys->candidates(token->kid(), Algorithm::eddsa), now);
  ASSERT_TRUE(verdict) << verdict.refusal().detail;
  EXPECT_EQ(verdict.claims()->expires(), now.plus(Seconds{60}));
}

}  // namespace
}  // namespace portreeve::pdp
