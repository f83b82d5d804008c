#include "pdp/identity/check_token.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/pdp/identity/test_keys.h"

namespace portreeve::pdp {
namespace {

constexpr std::int64_t kNow = 1'795'000'000;

class CheckToken : public testing::Test {
 protected:
  TokenVerdict check(std::string_view payload, std::string_view header = R"({"alg":"EdDSA"})") const {
    const auto token = UnverifiedToken::parse(make_token(key_, Algorithm::eddsa, header, payload));
    if (!token) return TokenRefusal{TokenFailure::invalid, "parse: " + token.error().message};
    return TokenChecker::check(*token, provider_, {public_key_}, Timestamp::from_unix(kNow));
  }

  const TestKey key_ = TestKey::ed25519();
  const PublicKey public_key_ = *PublicKey::from_jwk(key_.jwk("k"));
  ProviderTrust provider_{
      "idp", "https://idp.example/realm", {"portreeve", "other"}, {Algorithm::eddsa}, JwksDiscovery{}};
};

TEST_F(CheckToken, HandsOutTheClaimsOfAGoodToken) {
  const auto verdict = check(fmt::format(
      R"({{"iss":"https://idp.example/realm","aud":"portreeve","exp":{},"sub":"rita","groups":["/research"]}})",
      kNow + 300));
  ASSERT_TRUE(verdict) << verdict.refusal().detail;
  EXPECT_EQ(verdict.claims()->provider(), "idp");
  EXPECT_EQ(verdict.claims()->issuer(), "https://idp.example/realm");
  EXPECT_EQ(verdict.claims()->expires(), Timestamp::from_unix(kNow + 300));
  EXPECT_EQ(*verdict.claims()->claims().find("groups"), JsonValue(JsonValue::Array{"/research"}));
}

TEST_F(CheckToken, JudgesEveryClaim) {
  struct Row {
    const char* name;
    std::string claims;   // `E` stands for a good exp, the issuer is added
    std::string refusal;  // empty: accepted; `expired` by itself for that failure
  };
  const std::string aud = R"("aud":"portreeve")";
  const std::string bad_aud = "`aud` holds none of the audiences of provider `idp`";
  const std::string bad_exp = "`exp` is missing or no time";
  const std::vector<Row> rows = {
      {"one audience", aud + R"(,"exp":E)", ""},
      {"our other audience", R"("aud":"other","exp":E)", ""},
      {"an array that holds ours", R"("aud":["x","portreeve"],"exp":E)", ""},
      {"no audience", R"("exp":E)", bad_aud},
      {"another audience", R"("aud":"portreeve2","exp":E)", bad_aud},
      {"audience in another case", R"("aud":"Portreeve","exp":E)", bad_aud},
      {"audiences in one string", R"("aud":"x portreeve","exp":E)", bad_aud},
      {"an empty array", R"("aud":[],"exp":E)", bad_aud},
      {"an array with others", R"("aud":["a","b"],"exp":E)", bad_aud},
      {"an array with a number", R"("aud":["portreeve",1],"exp":E)", bad_aud},
      {"an array in an array", R"("aud":[["portreeve"]],"exp":E)", bad_aud},
      {"null audience", R"("aud":null,"exp":E)", bad_aud},
      {"no exp", aud, bad_exp},
      {"exp a string", aud + R"(,"exp":"1795000300")", bad_exp},
      {"exp null", aud + R"(,"exp":null)", bad_exp},
      {"exp true", aud + R"(,"exp":true)", bad_exp},
      {"exp negative", aud + R"(,"exp":-1)", bad_exp},
      {"exp huge", aud + R"(,"exp":9223372036854775807)", bad_exp},
      {"exp beyond 64 bits", aud + R"(,"exp":99999999999999999999)", bad_exp},
      {"exp 1e300", aud + R"(,"exp":1e300)", bad_exp},
      {"exp in year 9999", aud + R"(,"exp":253402300799)", ""},
      {"exp past year 9999", aud + R"(,"exp":253402300800)", bad_exp},
      {"exp in milliseconds", aud + R"(,"exp":1795000300000)", bad_exp},
      {"exp zero", aud + R"(,"exp":0)", "expired"},
      {"exp just past", aud + R"(,"exp":1794999999)", "expired"},
      {"exp now", aud + R"(,"exp":1795000000)", "expired"},
      {"exp in a second", aud + R"(,"exp":1795000001)", ""},
      {"exp a fraction past now", aud + R"(,"exp":1795000000.9)", "expired"},
      {"exp with an exponent", aud + R"(,"exp":1.7950003e9)", ""},
      {"expired and not for us", R"("aud":"x","exp":1)", bad_aud},
      {"nbf past", aud + R"(,"exp":E,"nbf":1794999000)", ""},
      {"nbf within the leeway", aud + R"(,"exp":E,"nbf":1795000060)", ""},
      {"nbf a fraction over the leeway", aud + R"(,"exp":E,"nbf":1795000060.1)",
       "`nbf` is to come: 2026-11-18T11:07:41Z"},
      {"nbf over the leeway", aud + R"(,"exp":E,"nbf":1795000061)", "`nbf` is to come: 2026-11-18T11:07:41Z"},
      {"nbf a string", aud + R"(,"exp":E,"nbf":"1")", "`nbf` is no time"},
      {"nbf null", aud + R"(,"exp":E,"nbf":null)", "`nbf` is no time"},
      {"iat within the leeway", aud + R"(,"exp":E,"iat":1795000060)", ""},
      {"iat over the leeway", aud + R"(,"exp":E,"iat":1795000061)", "`iat` is to come: 2026-11-18T11:07:41Z"},
      {"iat negative", aud + R"(,"exp":E,"iat":-5)", "`iat` is no time"},
      {"expired and not yet begun", aud + R"(,"exp":1,"nbf":1795009999)", "`nbf` is to come: 2026-11-18T13:53:19Z"},
  };
  for (const Row& row : rows) {
    std::string claims = R"({"iss":"https://idp.example/realm",)" + row.claims + "}";
    if (const auto at = claims.find(":E"); at != std::string::npos) claims.replace(at, 2, ":1795000300");
    const auto verdict = check(claims);
    if (row.refusal.empty()) {
      EXPECT_TRUE(verdict) << row.name << ": " << verdict.refusal().detail;
      continue;
    }
    ASSERT_FALSE(verdict) << row.name;
    if (row.refusal == "expired") {
      EXPECT_EQ(verdict.refusal().failure, TokenFailure::expired) << row.name << ": " << verdict.refusal().detail;
    } else {
      EXPECT_EQ(verdict.refusal().failure, TokenFailure::invalid) << row.name;
      EXPECT_EQ(verdict.refusal().detail, row.refusal) << row.name;
    }
  }
}

TEST_F(CheckToken, TakesTheIssuerLetterForLetter) {
  for (const std::string_view issuer :
       {R"("https://idp.example/realm/")", R"("https://idp.example")", R"("HTTPS://idp.example/realm")",
        R"("https://idp.example/realm ")", R"("https://idp.example:443/realm")", R"(["https://idp.example/realm"])",
        R"("")", "null"}) {
    const auto verdict = check(fmt::format(R"({{"iss":{},"aud":"portreeve","exp":{}}})", issuer, kNow + 300));
    ASSERT_FALSE(verdict) << issuer;
    EXPECT_EQ(verdict.refusal().detail, "`iss` is not `https://idp.example/realm`");
  }
}

TEST_F(CheckToken, TakesNoOtherTypes) {
  struct Row {
    std::string typ;
    bool accepted;
  };
  for (const Row& row : std::vector<Row>{{"JWT", true},
                                         {"jwt", true},
                                         {"at+jwt", true},
                                         {"application/at+jwt", true},
                                         {"portreeve-session+jwt", false},
                                         {"id_token+jwt", false},
                                         {"logout+jwt", false},
                                         {"secevent+jwt", false},
                                         {"text/jwt", false},
                                         {"JWT ", false}}) {
    const auto verdict =
        check(fmt::format(R"({{"iss":"https://idp.example/realm","aud":"portreeve","exp":{}}})", kNow + 300),
              fmt::format(R"({{"alg":"EdDSA","typ":"{}"}})", row.typ));
    EXPECT_EQ(static_cast<bool>(verdict), row.accepted) << row.typ;
  }
}

TEST_F(CheckToken, TakesOnlyTheProvidersAlgorithms) {
  provider_.algorithms = {Algorithm::rs256, Algorithm::es256};
  const auto verdict =
      check(fmt::format(R"({{"iss":"https://idp.example/realm","aud":"portreeve","exp":{}}})", kNow + 300));
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.refusal().detail, "EdDSA is not among the algorithms of provider `idp`");
}

TEST_F(CheckToken, TakesNothingWithoutAKeyAndTriesEachCandidate) {
  const std::string payload =
      fmt::format(R"({{"iss":"https://idp.example/realm","aud":"portreeve","exp":{}}})", kNow + 300);
  const auto token =
      UnverifiedToken::parse(make_token(key_, Algorithm::eddsa, R"({"alg":"EdDSA","kid":"a\nb"})", payload));
  ASSERT_TRUE(token);
  const Timestamp now = Timestamp::from_unix(kNow);
  EXPECT_EQ(TokenChecker::check(*token, provider_, {}, now).refusal().detail,
            "provider `idp` has no key `a\\x0ab` for EdDSA");
  const PublicKey other = *PublicKey::from_jwk(TestKey::ed25519().jwk("k"));
  EXPECT_EQ(TokenChecker::check(*token, provider_, {other}, now).refusal().detail,
            "the signature is not one of provider `idp`");
  EXPECT_TRUE(TokenChecker::check(*token, provider_, {other, public_key_}, now));
}

}  // namespace
}  // namespace portreeve::pdp
