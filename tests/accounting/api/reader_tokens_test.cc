#include "accounting/api/reader_tokens.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "accounting/api/credentials.h"
#include "daemon/signing_key.h"
#include "engine/base/text.h"

namespace portreeve::accounting {
namespace {

const Timestamp kNow = Timestamp::from_unix(1'780'000'000);

std::string jwks_of(const daemon::SigningKey& key) {
  return to_canonical_json(JsonValue(JsonValue::Object{{"keys", JsonValue::Array{key.public_jwk()}}}));
}
JsonValue claims(std::int64_t lifetime = 300) {
  return JsonValue(JsonValue::Object{{"iss", "http://127.0.0.1:8180"},
                                     {"aud", "portreeve-accounting"},
                                     {"sub", "keycloak/rita"},
                                     {"tenant", "acme"},
                                     {"iat", kNow.unix_seconds()},
                                     {"exp", kNow.unix_seconds() + lifetime}});
}
JsonValue with(JsonValue from, std::string_view key, JsonValue value) {
  from.set(key, std::move(value));
  return from;
}
JsonValue without(const JsonValue& from, std::string_view key) {
  JsonValue out{JsonValue::Object{}};
  for (const auto& [name, value] : *from.as_object()) {
    if (name != key) out.set(name, value);
  }
  return out;
}

class ReaderTokenTest : public testing::Test {
 protected:
  Result<TokenReader> check(const std::string& token) { return check_reader_token(token, keys_, kNow); }
  std::string token(const JsonValue& of, std::string_view typ = kReaderTokenType) { return sign_jwt(key_, typ, of); }

  daemon::SigningKey key_ = *daemon::SigningKey::generate();
  ReaderKeys keys_ = *ReaderKeys::parse(jwks_of(key_));
};

TEST_F(ReaderTokenTest, BoundsItsReaderToTheTenant) {
  const auto reader = check(token(claims()));
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_EQ(reader->tenant, "acme");
  EXPECT_EQ(check(token(without(claims(), "tenant")))->tenant, std::nullopt);
  EXPECT_TRUE(check(token(with(claims(), "aud", JsonValue::Array{"x", "portreeve-accounting"}))));
}

TEST_F(ReaderTokenTest, RefusesAnythingElse) {
  const std::string good = token(claims());
  const std::size_t second = good.rfind('.');
  const auto other = daemon::SigningKey::generate();
  const std::int64_t now = kNow.unix_seconds();
  const struct {
    const char* name;
    std::string token;
    const char* why;
  } kCases[] = {
      {"empty", "", "the token is no JWT"},
      {"no parts", "abc", "the token is no JWT"},
      {"four parts", good + ".x", "the token is no JWT"},
      {"unsigned", good.substr(0, second + 1), "the token's signature is wrong"},
      {"signature of another", good.substr(0, second) + token(claims(299)).substr(token(claims(299)).rfind('.')),
       "the token's signature is wrong"},
      {"another key", sign_jwt(*other, kReaderTokenType, claims()), "the token's key is not known"},
      {"a session's token", token(claims(), "portreeve-session+jwt"), "the token is of another type"},
      {"no type", token(claims(), ""), "the token is of another type"},
      {"another audience", token(with(claims(), "aud", "portreeve")), "the token is for another audience"},
      {"no audience", token(without(claims(), "aud")), "the token is for another audience"},
      {"an audience that begins so", token(with(claims(), "aud", "portreeve-accounting2")),
       "the token is for another audience"},
      {"expired", token(with(claims(), "exp", now)), "the token has expired"},
      {"too long a life", token(claims(301)), "the token lives longer than five minutes"},
      {"no end", token(without(claims(), "exp")), "the token has no end"},
      {"a fraction of an end", token(with(claims(), "exp", 1780000100.5)), "the token has no end"},
      {"not yet", token(with(claims(), "nbf", now + 31)), "the token is not valid yet"},
      {"made in the future", token(with(claims(), "iat", now + 31)), "the token is not valid yet"},
      {"tenant null", token(with(claims(), "tenant", nullptr)), "the token's tenant is no name"},
      {"tenant empty", token(with(claims(), "tenant", "")), "the token's tenant is no name"},
      {"tenants", token(with(claims(), "tenant", JsonValue::Array{"a"})), "the token's tenant is no name"},
      {"alg none",
       base64url_encode(R"({"alg":"none","typ":"portreeve-usage+jwt","kid":"x"})") + good.substr(good.find('.')),
       "the token is not signed by EdDSA"},
      {"alg HS256",
       base64url_encode(R"({"alg":"HS256","typ":"portreeve-usage+jwt","kid":"x"})") + good.substr(good.find('.')),
       "the token is not signed by EdDSA"},
      {"critical",
       base64url_encode(R"({"alg":"EdDSA","typ":"portreeve-usage+jwt","kid":"x","crit":["b"]})") +
           good.substr(good.find('.')),
       "the token demands what is not known here"},
      {"too long", std::string(20'000, 'a'), "the token is too long"},
  };
  for (const auto& row : kCases) {
    const auto reader = check(row.token);
    ASSERT_FALSE(reader) << row.name;
    EXPECT_EQ(reader.error().message, row.why) << row.name;
  }
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string flipped = good;
    flipped[i] = flipped[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(check(flipped)) << "byte " << i;
  }
}

TEST_F(ReaderTokenTest, KeysComeFromAFileAndAreLookedForAgain) {
  char pattern[] = "/tmp/reader-keys-XXXXXX";
  const std::string directory = ::mkdtemp(pattern);
  const std::string file = directory + "/jwks.json";
  daemon::ManualClock clock(kNow);
  clock.advance(Millis(1));
  const auto source = ReaderKeySource::open(file, clock);
  ASSERT_TRUE(source);
  EXPECT_FALSE((*source)->check(token(claims()))) << "no file yet";
  std::ofstream(file) << jwks_of(key_);
  EXPECT_FALSE((*source)->check(token(claims()))) << "not looked for again at once";
  clock.advance(Millis(10'000));
  EXPECT_TRUE((*source)->check(token(claims(290))));
  const auto next = daemon::SigningKey::generate();
  std::ofstream(file) << jwks_of(*next);
  clock.advance(Millis(10'000));
  EXPECT_TRUE((*source)->check(sign_jwt(*next, kReaderTokenType, claims(290))));
  EXPECT_FALSE((*source)->check(token(claims(290)))) << "the key is gone";
  std::filesystem::remove_all(directory);
}

TEST(ReaderKeys, PassOverWhatTheyCannotUse) {
  for (const char* text : {"", "{}", "[]", R"({"keys":{}})", R"({"keys":[)"})
    EXPECT_FALSE(ReaderKeys::parse(text)) << text;
  const auto keys = ReaderKeys::parse(
      R"({"keys":[1,{"kty":"RSA","kid":"a"},{"kty":"OKP","crv":"X25519","kid":"b","x":"AAAA"},
          {"kty":"OKP","crv":"Ed25519","kid":"c","x":"AAAA"},{"kty":"OKP","crv":"Ed25519","x":"AAAA"}]})");
  ASSERT_TRUE(keys);
  EXPECT_TRUE(keys->empty());
}

TEST(Credentials, AreMadeOnceAndNobodyElses) {
  char pattern[] = "/tmp/credentials-XXXXXX";
  const std::string directory = ::mkdtemp(pattern);
  const std::filesystem::path folder = directory + "/keys";
  const auto first = open_credentials(folder);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->writer.substr(0, 4), "acc_");
  EXPECT_NE(first->writer, first->reader);
  const auto again = open_credentials(folder);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->writer, first->writer);
  struct stat status = {};
  ASSERT_EQ(::stat((folder / "writer").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  ASSERT_EQ(::chmod((folder / "writer").c_str(), 0644), 0);
  EXPECT_FALSE(open_credentials(folder)) << "others may read it";
  EXPECT_TRUE(is_credential(first->writer, first->writer));
  EXPECT_FALSE(is_credential("", ""));
  EXPECT_FALSE(is_credential(first->reader, first->writer));
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace portreeve::accounting
