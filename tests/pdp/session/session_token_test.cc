#include "pdp/session/session_token.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "engine/base/text.h"
#include "engine/reader/json_reader.h"
#include "pdp/identity/jwt.h"
#include "tests/pdp/identity/test_keys.h"

namespace portreeve::pdp {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kNow = 1'795'000'000;
Timestamp at(std::int64_t offset) { return Timestamp::from_unix(kNow + offset); }

class SessionTokenTest : public testing::Test {
 protected:
  SessionTokenTest() {
    std::string name = (fs::temp_directory_path() / "portreeve-session-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    keys_ = *SigningKeys::open(folder_ / "keys");
  }
  ~SessionTokenTest() override { fs::remove_all(folder_); }

  SessionTokens tokens() const { return {*keys_, "https://pdp.example"}; }
  static SessionTokens::About about(std::int64_t session_ends = 43'200) {
    return {"ses_1", "idp/rita", "acme", at(session_ends)};
  }
  JsonValue good_claims() const {
    return JsonValue::Object{{"iss", "https://pdp.example"},
                             {"aud", "portreeve"},
                             {"sub", "idp/rita"},
                             {"sid", "ses_1"},
                             {"iat", kNow},
                             {"nbf", kNow},
                             {"exp", kNow + 900},
                             {"jti", "x"}};
  }

  fs::path folder_;
  std::optional<SigningKeys> keys_;
};

TEST_F(SessionTokenTest, SaysWhatTheDesignSaysItSays) {
  const auto minted = tokens().mint(about(), TokenBearer::workload, at(0));
  const auto dot = minted.token.find('.'), second = minted.token.find('.', dot + 1);
  const auto header = reader::parse_json(*base64url_decode(minted.token.substr(0, dot)));
  EXPECT_EQ(to_canonical_json(*header),
            R"({"alg":"EdDSA","kid":")" + keys_->current().kid() + R"(","typ":"portreeve-session+jwt"})");
  auto claims = reader::parse_json(*base64url_decode(minted.token.substr(dot + 1, second - dot - 1)));
  ASSERT_TRUE(claims->find("jti")->as_string()->starts_with("tok_"));
  claims->set("jti", "-");
  EXPECT_EQ(
      to_canonical_json(*claims),
      R"({"aud":"portreeve","exp":1795000900,"iat":1795000000,"iss":"https://pdp.example","jti":"-","nbf":1795000000,)"
      R"("sid":"ses_1","sub":"idp/rita","tenant":"acme"})");
  EXPECT_EQ(minted.expires, at(900));
}

TEST_F(SessionTokenTest, IsVerifiedUntilItExpires) {
  const SessionTokens ours = tokens();
  const auto minted = ours.mint(about(), TokenBearer::workload, at(0));
  for (const std::int64_t offset : {0, 0, -60, 899, 899}) {
    const auto verdict = ours.verify(minted.token, TokenBearer::workload, at(offset));
    ASSERT_TRUE(verdict) << offset << ": " << verdict.refusal().detail;
    EXPECT_EQ(verdict.claims()->sid, "ses_1");
    EXPECT_EQ(verdict.claims()->sub, "idp/rita");
    EXPECT_EQ(verdict.claims()->tenant, "acme");
    EXPECT_EQ(verdict.claims()->issued, at(0));
    EXPECT_EQ(verdict.claims()->expires, at(900));
  }
  for (const std::int64_t offset : {900, 901, 100'000}) {
    EXPECT_EQ(ours.verify(minted.token, TokenBearer::workload, at(offset)).refusal().failure, TokenFailure::expired);
  }
  const SessionTokens fresh = tokens();
  EXPECT_EQ(fresh.verify(minted.token, TokenBearer::workload, at(-61)).refusal().detail, "`nbf` is to come");
}

TEST_F(SessionTokenTest, ItsAgeMayBeIgnored) {
  const SessionTokens ours = tokens();
  const std::string token = ours.mint(about(), TokenBearer::workload, at(0)).token;
  for (int again = 0; again < 2; ++again) {  // anew, and from the cache
    for (const std::int64_t offset : {0, 900, 100'000}) {
      EXPECT_EQ(ours.verify(token, TokenBearer::workload, at(offset), TokenAge::ignored).claims()->sid, "ses_1");
      EXPECT_FALSE(ours.verify(token, TokenBearer::supervisor, at(offset), TokenAge::ignored));
    }
    EXPECT_EQ(ours.verify(token, TokenBearer::workload, at(900)).refusal().failure, TokenFailure::expired);
    EXPECT_TRUE(ours.verify(token, TokenBearer::workload, at(899)));
  }
}

TEST_F(SessionTokenTest, EndsWithItsSession) {
  const SessionTokens ours = tokens();
  EXPECT_EQ(ours.mint(about(899), TokenBearer::workload, at(0)).expires, at(899));
  EXPECT_EQ(ours.mint(about(901), TokenBearer::workload, at(0)).expires, at(900));
  const auto dead = ours.mint(about(-5), TokenBearer::workload, at(0));
  EXPECT_EQ(ours.verify(dead.token, TokenBearer::workload, at(0)).refusal().failure, TokenFailure::expired);
}

TEST_F(SessionTokenTest, NeverPassesForAnotherBearer) {
  const SessionTokens ours = tokens();
  const auto workload = ours.mint(about(), TokenBearer::workload, at(0)).token;
  const auto supervisor = ours.mint(about(), TokenBearer::supervisor, at(0)).token;
  for (int again = 0; again < 2; ++again) {
    EXPECT_TRUE(ours.verify(workload, TokenBearer::workload, at(0)));
    EXPECT_TRUE(ours.verify(supervisor, TokenBearer::supervisor, at(0)));
    EXPECT_EQ(ours.verify(workload, TokenBearer::supervisor, at(0)).refusal().detail,
              "`aud` is not `portreeve-supervisor`");
    EXPECT_EQ(ours.verify(supervisor, TokenBearer::workload, at(0)).refusal().detail, "`aud` is not `portreeve`");
  }
}

TEST_F(SessionTokenTest, IsRefusedInEveryOtherShape) {
  const SessionTokens ours = tokens();
  const daemon::SigningKey& key = keys_->current();
  const auto with = [&](std::string_view name, JsonValue value) {
    JsonValue claims = good_claims();
    claims.set(name, std::move(value));
    return daemon::sign_jwt(key, kSessionTokenType, claims);
  };
  const auto without = [&](std::string_view name) {
    JsonValue::Object claims = *good_claims().as_object();
    std::erase_if(claims, [&](const auto& member) { return member.first == name; });
    return daemon::sign_jwt(key, kSessionTokenType, claims);
  };
  const auto stranger = daemon::SigningKey::generate();
  const TestKey ec = TestKey::p256();
  const std::string payload = to_canonical_json(good_claims());
  const std::string header = base64url_encode(R"({"alg":"EdDSA","typ":"portreeve-session+jwt"})");
  const std::string unsigned_part = header + '.' + base64url_encode(payload);
  struct Row {
    const char* name;
    std::string token, detail;
  };
  const std::string no_times = "`iat`, `nbf` or `exp` is missing or no time";
  const std::vector<Row> rows = {
      {"good", daemon::sign_jwt(key, kSessionTokenType, good_claims()), ""},
      {"typ JWT", daemon::sign_jwt(key, "JWT", good_claims()), "`typ` is not `portreeve-session+jwt`"},
      {"typ at+jwt", daemon::sign_jwt(key, "at+jwt", good_claims()), "`typ` is not `portreeve-session+jwt`"},
      {"typ absent", base64url_encode(R"({"alg":"EdDSA"})") + '.' + base64url_encode(payload) + ".c2ln",
       "`typ` is not `portreeve-session+jwt`"},
      {"a PEP's credential", "pep_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
       "not three parts with dots between them"},
      {"no kid", unsigned_part + '.' + base64url_encode(key.sign(unsigned_part)), "no key of ours has this id"},
      {"a stranger's key", daemon::sign_jwt(*stranger, kSessionTokenType, good_claims()), "no key of ours has this id"},
      {"our kid, a stranger's signature",
       daemon::sign_jwt(key, kSessionTokenType, good_claims())
               .substr(0, daemon::sign_jwt(key, kSessionTokenType, good_claims()).rfind('.')) +
           '.' + base64url_encode(stranger->sign("x")),
       "the signature is not ours"},
      {"ES256 under our kid",
       make_token(ec, Algorithm::es256,
                  fmt::format(R"({{"alg":"ES256","kid":"{}","typ":"portreeve-session+jwt"}})", key.kid()), payload),
       "`alg` is not EdDSA"},
      {"another issuer", with("iss", "https://pdp.example/"), "`iss` is not `https://pdp.example`"},
      {"no issuer", without("iss"), "`iss` is not `https://pdp.example`"},
      {"audience in an array", with("aud", JsonValue::Array{"portreeve"}), "`aud` is not `portreeve`"},
      {"no audience", without("aud"), "`aud` is not `portreeve`"},
      {"no sid", without("sid"), "`sid` or `sub` is missing"},
      {"sid empty", with("sid", ""), "`sid` or `sub` is missing"},
      {"sub a number", with("sub", 1), "`sid` or `sub` is missing"},
      {"tenant null", with("tenant", nullptr), "`tenant` is no name"},
      {"tenant an array", with("tenant", JsonValue::Array{"a"}), "`tenant` is no name"},
      {"no exp", without("exp"), no_times},
      {"exp a string", with("exp", "1795000900"), no_times},
      {"exp a fraction", with("exp", 1795000900.5), no_times},
      {"no iat", without("iat"), no_times},
      {"no nbf", without("nbf"), no_times},
      {"longer than any of ours", with("exp", kNow + 901), "good for longer than any session token"},
      {"empty", "", "not three parts with dots between them"},
      {"17 KiB", std::string(17u << 10, 'a'), "longer than 16384 bytes"},
  };
  for (const Row& row : rows) {
    const auto verdict = ours.verify(row.token, TokenBearer::workload, at(0));
    EXPECT_EQ(verdict ? "" : verdict.refusal().detail, row.detail) << row.name;
    if (!verdict) {
      EXPECT_EQ(verdict.refusal().failure, TokenFailure::invalid) << row.name;
    }
  }
}

TEST_F(SessionTokenTest, IsRefusedWithAnyByteChanged) {
  const SessionTokens ours = tokens();
  const std::string good = ours.mint(about(), TokenBearer::workload, at(0)).token;
  ASSERT_TRUE(ours.verify(good, TokenBearer::workload, at(0)));
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const int flip : {0x01, 0x04, 0x20, 0x80}) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ flip);
      EXPECT_FALSE(ours.verify(bad, TokenBearer::workload, at(0))) << "byte " << i << ": " << bad;
    }
  }
}

TEST_F(SessionTokenTest, OutlivesOneRotationOfTheKeys) {
  const std::string old = tokens().mint(about(), TokenBearer::workload, at(0)).token;
  const std::string old_kid = keys_->current().kid();
  ASSERT_TRUE(SigningKeys::rotate(folder_ / "keys"));
  keys_ = *SigningKeys::open(folder_ / "keys");
  EXPECT_NE(keys_->current().kid(), old_kid);
  EXPECT_TRUE(tokens().verify(old, TokenBearer::workload, at(0)));
  const auto published = KeySet::parse(keys_->jwks());
  ASSERT_TRUE(published);
  EXPECT_EQ(published->size(), 2u);
  EXPECT_EQ(published->candidates(old_kid, Algorithm::eddsa).size(), 1u);

  ASSERT_TRUE(SigningKeys::rotate(folder_ / "keys"));
  keys_ = *SigningKeys::open(folder_ / "keys");
  EXPECT_EQ(tokens().verify(old, TokenBearer::workload, at(0)).refusal().detail, "no key of ours has this id");
}

TEST_F(SessionTokenTest, KeepsItsKeysToItself) {
  const auto reopened = SigningKeys::open(folder_ / "keys");
  ASSERT_TRUE(reopened);
  EXPECT_EQ(reopened->jwks(), keys_->jwks());
  EXPECT_EQ(keys_->jwks().find("\"d\""), std::string::npos);
  ASSERT_EQ(::chmod((folder_ / "keys" / "session-signing.pem").c_str(), 0644), 0);
  EXPECT_FALSE(SigningKeys::open(folder_ / "keys"));
  EXPECT_FALSE(SigningKeys::rotate(folder_ / "keys"));
}

TEST_F(SessionTokenTest, StaysRightWhenItsCacheOverflows) {
  const SessionTokens small(*keys_, "https://pdp.example", 16);
  std::vector<std::string> many;
  for (int i = 0; i < 200; ++i) {
    many.push_back(
        small.mint({"ses_" + std::to_string(i), "idp/rita", {}, at(600)}, TokenBearer::workload, at(0)).token);
  }
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < many.size(); ++i) {
      const auto verdict = small.verify(many[i], TokenBearer::workload, at(0));
      ASSERT_TRUE(verdict);
      EXPECT_EQ(verdict.claims()->sid, "ses_" + std::to_string(i));
      EXPECT_EQ(verdict.claims()->tenant, std::nullopt);
    }
  }
}

}  // namespace
}  // namespace portreeve::pdp
