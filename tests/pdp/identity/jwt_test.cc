#include "pdp/identity/jwt.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "tests/pdp/identity/test_keys.h"

namespace portreeve::pdp {
namespace {

std::string compact(std::string_view header, std::string_view payload = R"({"iss":"i"})",
                    std::string_view signature = "s") {
  return base64url_encode(header) + '.' + base64url_encode(payload) + '.' + base64url_encode(signature);
}

TEST(UnverifiedToken, ReadsWhatIsNeededToFindTheKeys) {
  const auto token = UnverifiedToken::parse(compact(
      R"({"alg":"ES256","kid":"k1","typ":"application/AT+JWT","x5t":"ignored","jwk":{}})", R"({"iss":"https://i"})"));
  ASSERT_TRUE(token) << token.error().message;
  EXPECT_EQ(token->algorithm(), Algorithm::es256);
  EXPECT_EQ(token->kid(), "k1");
  EXPECT_EQ(token->typ(), "at+jwt");
  EXPECT_EQ(token->unverified_issuer(), "https://i");

  const auto bare = UnverifiedToken::parse(compact(R"({"alg":"EdDSA"})", R"({"iss":7})"));
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->kid(), std::nullopt);
  EXPECT_EQ(bare->typ(), "");
  EXPECT_EQ(bare->unverified_issuer(), "");
}

TEST(UnverifiedToken, RefusesWhatIsNoTokenOfOurs) {
  struct Row {
    std::string name, token, error;
  };
  const std::string good = compact(R"({"alg":"ES256"})");
  const std::string h = base64url_encode(R"({"alg":"ES256"})"), p = base64url_encode(R"({"iss":"i"})");
  std::string deep = R"({"iss":"i","x":)" + std::string(40, '[') + std::string(40, ']') + "}";
  const std::vector<Row> rows = {
      {"empty", "", "not three parts with dots between them"},
      {"one part", h, "not three parts with dots between them"},
      {"two parts", h + "." + p, "not three parts with dots between them"},
      {"no signature", h + "." + p + ".", "an empty part"},
      {"only dots", "..", "an empty part"},
      {"trailing dot", good + ".", "not three parts with dots between them"},
      {"leading dot", "." + good, "not three parts with dots between them"},
      {"five parts (encrypted)", good + ".x.y", "not three parts with dots between them"},
      {"leading space", " " + good, "the header is not canonical base64url"},
      {"trailing newline", good + "\n", "the signature is not canonical base64url"},
      {"inner space", h + " ." + p + ".c2ln", "the header is not canonical base64url"},
      {"NUL", good + std::string(1, '\0'), "the signature is not canonical base64url"},
      {"padding", h + "." + p + "." + "cw==", "the signature is not canonical base64url"},
      {"standard base64 alphabet", h + "." + p + ".+/+/", "the signature is not canonical base64url"},
      {"stray bits", h + "." + p + ".cx", "the signature is not canonical base64url"},
      {"one character", h + "." + p + ".c", "the signature is not canonical base64url"},
      {"Bearer prefix", "Bearer " + good, "the header is not canonical base64url"},
      {"17 KiB", h + "." + p + "." + std::string(17u << 10, 'A'), "longer than 16384 bytes"},
      {"header no JSON", compact("x"), "the header is not JSON we take: at byte 0: expected a value"},
      {"header an array", compact("[]"), "the header is no JSON object"},
      {"header with a comma too many", compact(R"({"alg":"ES256",})"),
       "the header is not JSON we take: at byte 15: expected a key in double quotes"},
      {"alg twice", compact(R"({"alg":"ES256","alg":"none"})"),
       "the header is not JSON we take: at `/alg`: a key that stands twice in its object"},
      {"alg twice, escaped", compact(R"({"alg":"ES256","\u0061lg":"ES256"})"),
       "the header is not JSON we take: at `/alg`: a key that stands twice in its object"},
      {"no alg", compact(R"({"kid":"k"})"), "the header has no `alg`"},
      {"alg no string", compact(R"({"alg":1})"), "the header's `alg` is no string"},
      {"none", compact(R"({"alg":"none"})"), "the header's `alg` is none of RS256, PS256, ES256, EdDSA"},
      {"None", compact(R"({"alg":"None"})"), "the header's `alg` is none of RS256, PS256, ES256, EdDSA"},
      {"empty alg", compact(R"({"alg":""})"), "the header's `alg` is none of RS256, PS256, ES256, EdDSA"},
      {"alg in lower case", compact(R"({"alg":"es256"})"), "the header's `alg` is none of RS256, PS256, ES256, EdDSA"},
      {"alg with NUL", compact(R"({"alg":"ES256\u0000"})"),
       "the header is not JSON we take: at `/alg`: a string with U+0000, which is not accepted"},
      {"HS256", compact(R"({"alg":"HS256"})"), "the header's `alg` is none of RS256, PS256, ES256, EdDSA"},
      {"RS512", compact(R"({"alg":"RS512"})"), "the header's `alg` is none of RS256, PS256, ES256, EdDSA"},
      {"ES256K", compact(R"({"alg":"ES256K"})"), "the header's `alg` is none of RS256, PS256, ES256, EdDSA"},
      {"crit", compact(R"({"alg":"ES256","crit":["exp"],"exp":1})"),
       "the header has `crit`; no extension is understood"},
      {"empty crit", compact(R"({"alg":"ES256","crit":[]})"), "the header has `crit`; no extension is understood"},
      {"b64", compact(R"({"alg":"ES256","b64":true})"), "the header has `b64`; no extension is understood"},
      {"kid no string", compact(R"({"alg":"ES256","kid":null})"), "the header's `kid` is no string"},
      {"typ no string", compact(R"({"alg":"ES256","typ":["JWT"]})"), "the header's `typ` is no string"},
      {"typ empty", compact(R"({"alg":"ES256","typ":""})"), "the header's `typ` is empty"},
      {"payload no JSON", compact(R"({"alg":"ES256"})", "hello"),
       "the payload is not JSON we take: at byte 0: expected a value"},
      {"payload a string", compact(R"({"alg":"ES256"})", R"("x")"), "the payload is no JSON object"},
      {"payload null", compact(R"({"alg":"ES256"})", "null"), "the payload is no JSON object"},
      {"iss twice", compact(R"({"alg":"ES256"})", R"({"iss":"a","iss":"b"})"),
       "the payload is not JSON we take: at `/iss`: a key that stands twice in its object"},
      {"nested claims", compact(R"({"alg":"ES256"})", deep), ""},
      {"ill-formed UTF-8", compact(R"({"alg":"ES256"})", "{\"iss\":\"\xFF\"}"),
       "the payload is not JSON we take: not well-formed UTF-8"},
  };
  for (const Row& row : rows) {
    const auto token = UnverifiedToken::parse(row.token);
    ASSERT_FALSE(token) << row.name;
    if (row.name == "nested claims") {
      EXPECT_NE(token.error().message.find("nested deeper than 32 levels"), std::string::npos) << token.error().message;
    } else {
      EXPECT_EQ(token.error().message, row.error) << row.name;
    }
    EXPECT_EQ(token.error().message.find(h), std::string::npos) << row.name << " echoes the token";
  }
}

TEST(UnverifiedToken, OpensForItsOwnKeyOnly) {
  const TestKey key = TestKey::p256();
  const auto token = UnverifiedToken::parse(make_token(key, Algorithm::es256, R"({"alg":"ES256"})", R"({"iss":"i"})"));
  ASSERT_TRUE(token);
  EXPECT_NE(token->open(*PublicKey::from_jwk(key.jwk("k"))), nullptr);
  EXPECT_EQ(token->open(*PublicKey::from_jwk(TestKey::p256().jwk("k"))), nullptr);
  EXPECT_EQ(token->open(*PublicKey::from_jwk(TestKey::ed25519().jwk("k"))), nullptr);
}

TEST(UnverifiedToken, DoesNotTakeAPublicKeyForASecret) {
  const TestKey rsa = TestKey::rsa();
  const std::string input = base64url_encode(R"({"alg":"HS256"})") + '.' + base64url_encode(R"({"iss":"i"})");
  EXPECT_FALSE(UnverifiedToken::parse(input + '.' + base64url_encode(hs256(rsa.public_pem(), input))));
  const std::string renamed = base64url_encode(R"({"alg":"RS256"})") + '.' + base64url_encode(R"({"iss":"i"})");
  const auto token = UnverifiedToken::parse(renamed + '.' + base64url_encode(hs256(rsa.public_pem(), renamed)));
  ASSERT_TRUE(token);
  EXPECT_EQ(token->open(*PublicKey::from_jwk(rsa.jwk("r"))), nullptr);
}

TEST(UnverifiedToken, DoesNotBelieveAKeyThatItBringsAlong) {
  const TestKey mallory = TestKey::p256(), issuer = TestKey::p256();
  const std::string header = R"({"alg":"ES256","kid":"k","jwk":)" + to_canonical_json(mallory.jwk("k")) +
                             R"(,"jku":"https://mallory.example"})";
  const auto token = UnverifiedToken::parse(make_token(mallory, Algorithm::es256, header, R"({"iss":"i"})"));
  ASSERT_TRUE(token);
  EXPECT_EQ(token->open(*PublicKey::from_jwk(issuer.jwk("k"))), nullptr);
}

TEST(UnverifiedToken, IsRefusedWithAnyByteChanged) {
  const TestKey ec = TestKey::p256(), ed = TestKey::ed25519(), rsa = TestKey::rsa();
  struct Row {
    const TestKey& key;
    Algorithm algorithm;
  };
  for (const Row& row : {Row{ec, Algorithm::es256}, Row{ed, Algorithm::eddsa}, Row{rsa, Algorithm::rs256}}) {
    const std::string header = fmt::format(R"({{"alg":"{}","kid":"k"}})", name_of(row.algorithm));
    const std::string good = make_token(row.key, row.algorithm, header, R"({"iss":"https://i","sub":"rita"})");
    const auto key = PublicKey::from_jwk(row.key.jwk("k"));
    ASSERT_NE(UnverifiedToken::parse(good)->open(*key), nullptr);
    for (std::size_t at = 0; at < good.size(); ++at) {
      for (const int flip : {0x01, 0x02, 0x20, 0x80}) {
        std::string bad = good;
        bad[at] = static_cast<char>(bad[at] ^ flip);
        const auto token = UnverifiedToken::parse(bad);
        EXPECT_TRUE(!token || token->open(*key) == nullptr) << name_of(row.algorithm) << " byte " << at << ": " << bad;
      }
    }
  }
}

TEST(UnverifiedToken, SurvivesMutations) {
  const char* given = std::getenv("PORTREEVE_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : 20261124;
  fmt::print("seed {}\n", seed);
  std::mt19937_64 random(seed);
  const TestKey key = TestKey::ed25519();
  const auto public_key = PublicKey::from_jwk(key.jwk("k"));
  const std::string header = R"({"alg":"EdDSA","kid":"k","typ":"JWT"})",
                    payload = R"({"iss":"i","aud":["a"],"exp":1.5e9})";
  const std::string good = make_token(key, Algorithm::eddsa, header, payload);
  for (int round = 0; round < 20'000; ++round) {
    std::string token = good;
    if (random() % 2 == 0) {
      std::string raw = random() % 2 == 0 ? header : payload;
      raw[random() % raw.size()] = static_cast<char>(random());
      token = base64url_encode(raw) + good.substr(good.find('.'));
    }
    for (std::size_t edits = random() % 3; edits > 0; --edits) {
      const std::size_t at = random() % token.size();
      if (random() % 2 == 0) {
        token.erase(at, 1 + random() % 4);
      } else {
        token.insert(at, 1, static_cast<char>(random()));
      }
    }
    const auto parsed = UnverifiedToken::parse(token);
    ASSERT_TRUE(token == good || !parsed || parsed->open(*public_key) == nullptr) << printable(token, 2000);
  }
}

}  // namespace
}  // namespace portreeve::pdp
