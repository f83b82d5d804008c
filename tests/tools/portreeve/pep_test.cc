// `portreeve pep`, over a data folder's state as a live PDP has it open.
#include <gtest/gtest.h>

#include <string>

#include "engine/reader/json_reader.h"
#include "storage/sqlite/state_store.h"
#include "tests/tools/portreeve/program.h"

namespace portreeve::test {
namespace {

class Pep : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = storage::open_pep_store(folder_.file("state.sqlite"));
    ASSERT_TRUE(opened) << opened.error().message;
    live_ = std::move(*opened);
  }
  std::shared_ptr<const storage::PepCredential> believed(const std::string& secret) const {
    const auto found = live_->find_by_secret(secret);
    return found ? *found : nullptr;
  }
  Ended pep(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "pep");
    arguments.insert(arguments.end(), {"--data", folder_.path()});
    return portreeve(arguments);
  }

  Folder folder_;
  std::unique_ptr<storage::PepStore> live_;  // a PDP's, open all along
};

TEST_F(Pep, AddPrintsASecretOnceThatALivePdpBelievesAtOnce) {
  const Ended added = pep({"add", "egress-1", "--domain", "egress", "--domain", "secrets"});
  ASSERT_EQ(added.code, 0) << added.err;
  ASSERT_EQ(added.out.substr(0, 4), "pep_");
  ASSERT_EQ(added.out.size(), 4u + 43u + 1u);
  const std::string secret = added.out.substr(0, added.out.size() - 1);
  const auto credential = believed(secret);
  ASSERT_NE(credential, nullptr);
  EXPECT_EQ(credential->name, "egress-1");
  EXPECT_EQ(credential->domains, (storage::PepDomains{storage::PepDomain::egress, storage::PepDomain::secrets}));
  EXPECT_EQ(pep({"list"}).out.find(secret), std::string::npos);
  EXPECT_EQ(pep({"list", "--json"}).out.find(secret), std::string::npos);
}

TEST_F(Pep, RemoveTakesEffectAtOnceAndTheNameStaysInTheList) {
  const std::string line = pep({"add", "egress-1", "--domain", "egress"}).out;
  const std::string secret = line.substr(0, line.size() - 1);
  ASSERT_NE(believed(secret), nullptr);
  EXPECT_EQ(pep({"remove", "egress-1"}).code, 0);
  EXPECT_EQ(believed(secret), nullptr);
  EXPECT_EQ(pep({"remove", "egress-1"}).code, 1);
  EXPECT_EQ(pep({"remove", "egress-1"}).err, "portreeve: no credential of the name `egress-1` is in force\n");
  const auto listed = reader::parse_json(pep({"list", "--json"}).out);
  ASSERT_TRUE(listed);
  EXPECT_EQ(*listed->find("name"), JsonValue("egress-1"));
  EXPECT_NE(listed->find("removed"), nullptr);
}

TEST_F(Pep, ListIsATable) {
  pep({"add", "egress-1", "--domain", "egress"});
  pep({"add", "host-1", "--domain", "sessions", "--domain", "execution"});
  const std::string out = pep({"list"}).out;
  EXPECT_EQ(out.substr(0, 30), "NAME      DOMAINS             ") << out;
  EXPECT_NE(out.find("\negress-1  egress              20"), std::string::npos) << out;
  EXPECT_NE(out.find("\nhost-1    execution,sessions  20"), std::string::npos) << out;
}

TEST_F(Pep, ATakenOrMalformedNameIsRefused) {
  ASSERT_EQ(pep({"add", "egress-1", "--domain", "egress"}).code, 0);
  for (const char* const name : {"egress-1", "Egress", "-x", "a b", "\x1b[2J"}) {
    const Ended ended = pep({"add", "--domain", "egress", "--", name});
    EXPECT_NE(ended.code, 0) << name;
    EXPECT_EQ(ended.out, "") << name;
    EXPECT_EQ(ended.err.find('\x1b'), std::string::npos);
  }
}

TEST_F(Pep, AFolderThatIsNotThereIsAnErrorAndIsNotMade) {
  const Ended ended = portreeve({"pep", "add", "x", "--domain", "egress", "--data", folder_.file("nowhere")});
  EXPECT_EQ(ended.code, 1);
  EXPECT_NE(ended.err.find("is no folder; --data names the PDP's data folder"), std::string::npos) << ended.err;
  EXPECT_EQ(portreeve({"pep", "list", "--data", folder_.file("nowhere")}).code, 1);
}

}  // namespace
}  // namespace portreeve::test
