// `portreeve token`, with the PDP that it is for: the real one, started with --dev on the sample policies.
#include <gtest/gtest.h>

#include <string>

#include "engine/base/text.h"
#include "engine/reader/json_reader.h"
#include "tests/tools/portreeve/program.h"

namespace portreeve::test {
namespace {

// The claims of a compact JWS, unverified.
JsonValue claims_of(const std::string& token) {
  const std::size_t first = token.find('.');
  const std::size_t second = token.find('.', first + 1);
  const auto payload = base64url_decode(token.substr(first + 1, second - first - 1));
  const auto claims = payload ? reader::parse_json(*payload) : fail("no payload");
  EXPECT_TRUE(claims) << token;
  return claims ? *claims : JsonValue();
}

std::string line_of(const Ended& ended) { return ended.out.substr(0, ended.out.find('\n')); }

TEST(Token, HasTheClaimsThatWereAskedFor) {
  const Folder folder;
  const Ended ended =
      portreeve({"token", "--data", folder.path(), "--sub", "rita", "--group", "/agents/research", "--group", "/people",
                 "--tenant", "acme", "--claims", R"({"department": "research", "sub": "mallory"})"});
  ASSERT_EQ(ended.code, 0) << ended.err;
  const JsonValue claims = claims_of(line_of(ended));
  EXPECT_EQ(*claims.find("iss"), JsonValue("http://127.0.0.1/portreeve-dev"));
  EXPECT_EQ(*claims.find("aud"), JsonValue("portreeve"));
  EXPECT_EQ(*claims.find("sub"), JsonValue("rita"));
  EXPECT_EQ(*claims.find("tenant"), JsonValue("acme"));
  EXPECT_EQ(*claims.find("department"), JsonValue("research"));
  EXPECT_EQ(*claims.find("groups"), JsonValue(JsonValue::Array{"/agents/research", "/people"}));
  EXPECT_EQ(*claims.find("exp")->as_int() - *claims.find("iat")->as_int(), 900);
  const auto json = reader::parse_json(portreeve({"token", "--data", folder.path(), "--sub", "rita", "--json"}).out);
  ASSERT_TRUE(json);
  EXPECT_NE(json->find("id_token"), nullptr);
}

TEST(Token, IsMadeForFoldersThatAreThereOnly) {
  const Folder folder;
  const Ended ended = portreeve({"token", "--data", folder.file("nowhere"), "--sub", "rita"});
  EXPECT_EQ(ended.code, 1);
  EXPECT_EQ(ended.out, "");
  EXPECT_NE(ended.err.find("names the data folder of a PDP started with --dev"), std::string::npos) << ended.err;
}

class Exchange : public ::testing::Test {
 protected:
  void start(const std::string& policies) {
    pdp_ = std::make_unique<Process>(std::vector<std::string>{PORTREEVE_PDP, "--policies", policies, "--data",
                                                              folder_.file("data"), "--listen", "127.0.0.1:0",
                                                              "--admin", "127.0.0.1:0", "--dev"});
    ASSERT_TRUE(pdp_->wait_for("portreeve-pdp ready ")) << pdp_->err();
    ASSERT_TRUE(pdp_->wait_for("\n"));
    const std::size_t begin = pdp_->out().find("decisions=") + 10;
    address_ = pdp_->out().substr(begin, pdp_->out().find_first_of(" \n", begin) - begin);
  }
  Ended token(std::vector<std::string> more) const {
    std::vector<std::string> arguments{"token",      "--data", folder_.file("data"), "--sub", "rita",
                                       "--exchange", address_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return portreeve(arguments);
  }

  const Folder folder_;
  std::unique_ptr<Process> pdp_;
  std::string address_;
};

TEST_F(Exchange, GivesASessionTokenOfTheSubject) {
  start(PORTREEVE_SOURCE_DIR "/policies");
  const Ended ended = token({"--group", "/agents/research", "--tenant", "acme"});
  ASSERT_EQ(ended.code, 0) << ended.err;
  const JsonValue claims = claims_of(line_of(ended));
  EXPECT_EQ(*claims.find("sub"), JsonValue("dev/rita"));
  EXPECT_EQ(claims.find("sid")->as_string()->substr(0, 4), "ses_");
  const auto json = reader::parse_json(token({"--json"}).out);
  ASSERT_TRUE(json);
  EXPECT_NE(json->find("access_token"), nullptr);
  EXPECT_NE(json->find("session_id"), nullptr);
}

TEST_F(Exchange, TellsWhatThePdpSaidWhereItRefuses) {
  start(PORTREEVE_SOURCE_DIR "/policies/sample");  // which does not name the development issuer
  const Ended ended = token({});
  EXPECT_EQ(ended.code, 1);
  EXPECT_EQ(ended.out, "");
  EXPECT_NE(ended.err.find(address_ + " answered 400: {"), std::string::npos) << ended.err;
}

TEST_F(Exchange, TellsWhereNobodyAnswers) {
  const Ended ended =
      portreeve({"token", "--data", folder_.path(), "--sub", "rita", "--exchange", "http://127.0.0.1:1"});
  EXPECT_EQ(ended.code, 1);
  EXPECT_EQ(ended.err.substr(0, 31), "portreeve: http://127.0.0.1:1: ") << ended.err;
}

}  // namespace
}  // namespace portreeve::test
