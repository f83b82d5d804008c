#include "pdp/identity/jwk.h"

#include <gtest/gtest.h>

#include "daemon/signing_key.h"
#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/reader/json_reader.h"
#include "pdp/identity/jwt.h"
#include "tests/pdp/identity/test_keys.h"

namespace portreeve::pdp {
namespace {

JsonValue json(std::string_view text) {
  auto value = reader::parse_json(text);
  EXPECT_TRUE(value) << text;
  return value ? *value : JsonValue();
}

JsonValue without(const JsonValue& object, std::string_view name) {
  JsonValue::Object members = *object.as_object();
  std::erase_if(members, [&](const auto& member) { return member.first == name; });
  return members;
}

JsonValue with(JsonValue object, std::string_view name, JsonValue value) {
  object.set(name, std::move(value));
  return object;
}

constexpr char kRfc7515Payload[] =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

TEST(PublicKey, VerifiesTheRs256ExampleOfRfc7515A2) {
  const auto key = PublicKey::from_jwk(json(R"({"kty":"RSA","e":"AQAB","n":
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"})"));
  ASSERT_TRUE(key) << key.error().message;
  const auto token = UnverifiedToken::parse(
      std::string("eyJhbGciOiJSUzI1NiJ9.") + kRfc7515Payload +
      ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
      "O8W2Fp5jujGbds9uJdbF9CUAr7t1"
      "dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--"
      "xi12jzDwu"
      "sC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_"
      "IoypGlUPQGe77Rw");
  ASSERT_TRUE(token) << token.error().message;
  ASSERT_NE(token->open(*key), nullptr);
  EXPECT_EQ(*token->open(*key)->find("iss"), JsonValue("joe"));
}

TEST(PublicKey, VerifiesTheEs256ExampleOfRfc7515A3) {
  const auto key =
      PublicKey::from_jwk(json(R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                                               "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})"));
  ASSERT_TRUE(key) << key.error().message;
  const auto token =
      UnverifiedToken::parse(std::string("eyJhbGciOiJFUzI1NiJ9.") + kRfc7515Payload +
                             ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q");
  ASSERT_TRUE(token) << token.error().message;
  EXPECT_NE(token->open(*key), nullptr);
}

TEST(PublicKey, VerifiesTheEdDsaExampleOfRfc8037A4) {
  const auto key =
      PublicKey::from_jwk(json(R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})"));
  ASSERT_TRUE(key) << key.error().message;
  const auto signature =
      base64url_decode("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
  ASSERT_TRUE(signature);
  EXPECT_TRUE(key->verifies(Algorithm::eddsa, "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc", *signature));
  EXPECT_FALSE(key->verifies(Algorithm::eddsa, "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmd", *signature));
}

TEST(Thumbprint, IsTheOneOfRfc8037A3) {
  EXPECT_EQ(daemon::ed25519_thumbprint("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"),
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

TEST(PublicKey, RefusesKeysThatCannotBeTrusted) {
  const JsonValue rsa = TestKey::rsa().jwk("r");
  const JsonValue ec = TestKey::p256().jwk("e");
  const JsonValue okp = TestKey::ed25519().jwk("o");
  struct Row {
    const char* name;
    JsonValue jwk;
    std::string error;  // empty: accepted
  };
  const std::string n = *base64url_decode(*rsa.find("n")->as_string());
  std::string even = n;
  even.back() = static_cast<char>(even.back() & ~1);
  const std::string x = *base64url_decode(*ec.find("x")->as_string());
  const std::vector<Row> rows = {
      {"rsa", rsa, ""},
      {"ec", ec, ""},
      {"okp", okp, ""},
      {"rsa bound to RS256", with(rsa, "alg", "RS256"), ""},
      {"rsa bound to PS256", with(rsa, "alg", "PS256"), ""},
      {"unknown members do not matter", with(rsa, "x5t", "abc"), ""},
      {"use absent", without(rsa, "use"), ""},
      {"key_ops with verify", with(rsa, "key_ops", JsonValue::Array{"verify", "encrypt"}), ""},
      {"no object", JsonValue("x"), "a key that is no object"},
      {"no kty", without(rsa, "kty"), "`kty` is missing"},
      {"kty oct", json(R"({"kty":"oct","k":"AAAA"})"), "`k` is private: a key that was published so is lost"},
      {"kty oct without k", json(R"({"kty":"oct"})"), "`kty` is none of RSA, EC, OKP"},
      {"kty in another case", with(rsa, "kty", "rsa"), "`kty` is none of RSA, EC, OKP"},
      {"private rsa", with(rsa, "d", "AAAA"), "`d` is private: a key that was published so is lost"},
      {"private okp", with(okp, "d", "AAAA"), "`d` is private: a key that was published so is lost"},
      {"for encryption", with(rsa, "use", "enc"), "`use` is not `sig`"},
      {"use no string", with(rsa, "use", 1), "`use` is not `sig`"},
      {"key_ops without verify", with(rsa, "key_ops", JsonValue::Array{"sign"}), "`key_ops` does not hold `verify`"},
      {"key_ops no array", with(rsa, "key_ops", "verify"), "`key_ops` does not hold `verify`"},
      {"alg of HMAC", with(rsa, "alg", "HS256"), "`alg` is none of RS256, PS256, ES256, EdDSA"},
      {"alg none", with(rsa, "alg", "none"), "`alg` is none of RS256, PS256, ES256, EdDSA"},
      {"alg of another type", with(rsa, "alg", "ES256"), "`alg` does not fit the key's type"},
      {"kid no string", with(rsa, "kid", 7), "`kid` is no string"},
      {"rsa of 1024 bits", TestKey::rsa(1024).jwk("w"),
       "an RSA modulus of 1024 bits; 2048 to 8192 are accepted, odd ones"},
      {"rsa of 2047 bits", with(rsa, "n", base64url_encode(std::string("\x7F") + n.substr(1))),
       "an RSA modulus of 2047 bits; 2048 to 8192 are accepted, odd ones"},
      {"rsa of 8193 bits", with(rsa, "n", base64url_encode("\x01" + std::string(1024, '\xFF'))),
       "an RSA modulus of 8193 bits; 2048 to 8192 are accepted, odd ones"},
      {"even modulus", with(rsa, "n", base64url_encode(even)),
       "an RSA modulus of 2048 bits; 2048 to 8192 are accepted, odd ones"},
      {"modulus with a leading zero", with(rsa, "n", base64url_encode(std::string(1, '\0') + n)),
       "`n` has leading zeros"},
      {"exponent 1", with(rsa, "e", "AQ"), "an RSA exponent that is not odd and from 65537 to 2^32"},
      {"exponent 3", with(rsa, "e", "Aw"), "an RSA exponent that is not odd and from 65537 to 2^32"},
      {"exponent 65538", with(rsa, "e", "AQAC"), "an RSA exponent that is not odd and from 65537 to 2^32"},
      {"exponent of 33 bits", with(rsa, "e", "AQAAAAE"), "an RSA exponent that is not odd and from 65537 to 2^32"},
      {"exponent empty", with(rsa, "e", ""), "`e` is not base64url"},
      {"modulus padded", with(rsa, "n", *rsa.find("n")->as_string() + "="), "`n` is not base64url"},
      {"modulus no string", with(rsa, "n", 5), "`n` is missing or no string"},
      {"P-384", with(ec, "crv", "P-384"), "an EC key on another curve than `P-256`"},
      {"secp256k1", with(ec, "crv", "secp256k1"), "an EC key on another curve than `P-256`"},
      {"off the curve", with(ec, "y", base64url_encode(x)), "not a valid public key"},
      {"short coordinate", with(ec, "x", base64url_encode(x.substr(1))), "coordinates that are not 32 bytes long"},
      {"long coordinate", with(ec, "x", base64url_encode("\x01" + x)), "coordinates that are not 32 bytes long"},
      {"y missing", without(ec, "y"), "`y` is missing or no string"},
      {"X25519", with(okp, "crv", "X25519"), "an OKP key on another curve than `Ed25519`"},
      {"Ed448", with(okp, "crv", "Ed448"), "an OKP key on another curve than `Ed25519`"},
      {"short Ed25519", with(okp, "x", base64url_encode(std::string(31, 'a'))),
       "an Ed25519 key that is not 32 bytes long"},
  };
  for (const Row& row : rows) {
    const auto key = PublicKey::from_jwk(row.jwk);
    EXPECT_EQ(key ? "" : key.error().message, row.error) << row.name;
  }
}

TEST(PublicKey, TakesASignatureOfItsOwnAlgorithmInItsOneForm) {
  const TestKey rsa = TestKey::rsa(), ec = TestKey::p256(), ed = TestKey::ed25519();
  const auto rsa_key = PublicKey::from_jwk(rsa.jwk("r")), ec_key = PublicKey::from_jwk(ec.jwk("e")),
             ed_key = PublicKey::from_jwk(ed.jwk("o"));
  const std::string message = "header.payload";
  const std::string es = ec.sign(Algorithm::es256, message);
  const std::string rs = rsa.sign(Algorithm::rs256, message);
  const std::string order = *base64url_decode("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE");  // n of P-256
  struct Row {
    const char* name;
    const PublicKey& key;
    Algorithm algorithm;
    std::string signature;
    bool verifies;
  };
  const std::vector<Row> rows = {
      {"RS256", *rsa_key, Algorithm::rs256, rs, true},
      {"PS256", *rsa_key, Algorithm::ps256, rsa.sign(Algorithm::ps256, message), true},
      {"ES256", *ec_key, Algorithm::es256, es, true},
      {"EdDSA", *ed_key, Algorithm::eddsa, ed.sign(Algorithm::eddsa, message), true},
      {"PSS as PKCS #1", *rsa_key, Algorithm::rs256, rsa.sign(Algorithm::ps256, message), false},
      {"PKCS #1 as PSS", *rsa_key, Algorithm::ps256, rs, false},
      {"PSS, salt of 20", *rsa_key, Algorithm::ps256, rsa.sign_pss_with_salt(message, 20), false},
      {"PSS, no salt", *rsa_key, Algorithm::ps256, rsa.sign_pss_with_salt(message, 0), false},
      {"RS256 with a zero in front", *rsa_key, Algorithm::rs256, std::string(1, '\0') + rs, false},
      {"RS256 cut", *rsa_key, Algorithm::rs256, rs.substr(1), false},
      {"ES256 in DER", *ec_key, Algorithm::es256, ec.sign_es256_der(message), false},
      {"ES256 cut", *ec_key, Algorithm::es256, es.substr(0, 63), false},
      {"ES256 lengthened", *ec_key, Algorithm::es256, es + std::string(1, '\0'), false},
      {"ES256 all zero", *ec_key, Algorithm::es256, std::string(64, '\0'), false},
      {"ES256 r zero", *ec_key, Algorithm::es256, std::string(32, '\0') + es.substr(32), false},
      {"ES256 s zero", *ec_key, Algorithm::es256, es.substr(0, 32) + std::string(32, '\0'), false},
      {"ES256 r and s the order", *ec_key, Algorithm::es256, order + order, false},
      {"ES256 r and s swapped", *ec_key, Algorithm::es256, es.substr(32) + es.substr(0, 32), false},
      {"EdDSA cut", *ed_key, Algorithm::eddsa, ed.sign(Algorithm::eddsa, message).substr(1), false},
      {"EdDSA empty", *ed_key, Algorithm::eddsa, "", false},
      {"RSA key for ES256", *rsa_key, Algorithm::es256, es, false},
      {"EC key for RS256", *ec_key, Algorithm::rs256, rs, false},
      {"EC key for EdDSA", *ec_key, Algorithm::eddsa, es, false},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(row.key.verifies(row.algorithm, message, row.signature), row.verifies) << row.name;
    EXPECT_FALSE(row.key.verifies(row.algorithm, "header.Payload", row.signature)) << row.name;
  }
}

TEST(KeySet, LeavesOutWhatItCannotUseAndSaysSo) {
  const auto set = KeySet::parse(jwks_document(
      {TestKey::p256().jwk("good"), TestKey::rsa(1024).jwk("weak\n"), JsonValue(1), TestKey::ed25519().jwk("fine")}));
  ASSERT_TRUE(set) << set.error().message;
  EXPECT_EQ(set->size(), 2u);
  EXPECT_EQ(set->notes(), (std::vector<std::string>{
                              "key 2 (`weak\\x0a`): an RSA modulus of 1024 bits; 2048 to 8192 are accepted, odd ones",
                              "key 3: a key that is no object"}));
}

TEST(KeySet, RefusesDocumentsThatAreNone) {
  struct Row {
    std::string document, error;
  };
  std::string many = R"({"keys":[{})";
  for (std::size_t i = 0; i < limits::kJwksKeys; ++i) many += ",{}";
  const std::vector<Row> rows = {
      {"", "the key set is not JSON we take: at byte 0: expected a value"},
      {"<html>", "the key set is not JSON we take: at byte 0: expected a value"},
      {"[]", "the key set has no array `keys`"},
      {"{}", "the key set has no array `keys`"},
      {R"({"keys":{}})", "the key set has no array `keys`"},
      {R"({"keys":[],"keys":[]})",
       "the key set is not JSON we take: at `/keys`: a key that stands twice in its object"},
      {many + "]}", "the key set has more than 128 keys"},
      {R"({"keys":[],"x":")" + std::string(limits::kJwksBytes, 'x') + "\"}",
       "the key set is not JSON we take: longer than 262144 bytes"},
  };
  for (const Row& row : rows) {
    const auto set = KeySet::parse(row.document);
    ASSERT_FALSE(set) << row.document.substr(0, 80);
    EXPECT_EQ(set.error().message, row.error);
  }
}

TEST(KeySet, FindsKeysByIdAndAlgorithmAndNeverGuesses) {
  const TestKey rsa = TestKey::rsa();
  JsonValue bound = rsa.jwk("bound");
  bound.set("alg", "PS256");
  const auto set =
      KeySet::parse(jwks_document({TestKey::p256().jwk("a"), TestKey::p256().jwk("b"), rsa.jwk("r"), bound,
                                   TestKey::ed25519().jwk("one"), without(TestKey::p256().jwk(""), "kid")}));
  ASSERT_TRUE(set);
  struct Row {
    std::optional<std::string> kid;
    Algorithm algorithm;
    std::size_t found;
  };
  const std::vector<Row> rows = {
      {"a", Algorithm::es256, 1},          {"a", Algorithm::rs256, 0},          {"A", Algorithm::es256, 0},
      {"", Algorithm::es256, 0},           {"r", Algorithm::rs256, 1},          {"r", Algorithm::ps256, 1},
      {"bound", Algorithm::ps256, 1},      {"bound", Algorithm::rs256, 0},      {std::nullopt, Algorithm::es256, 0},
      {std::nullopt, Algorithm::eddsa, 1}, {std::nullopt, Algorithm::rs256, 1}, {std::nullopt, Algorithm::ps256, 0},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(set->candidates(row.kid, row.algorithm).size(), row.found)
        << row.kid.value_or("(none)") << " " << name_of(row.algorithm);
  }
}

}  // namespace
}  // namespace portreeve::pdp
