#include "pdp/rollout/policy_rollout.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>

#include "engine/decide/decide.h"
#include "tests/storage/segments/temporary_folder.h"

namespace portreeve::pdp {
namespace {

namespace fs = std::filesystem;

std::string readable(const std::string& type) {
  return fmt::format(
      "apiVersion: portreeve/v1\nkind: AccessPolicy\nmetadata: {{ name: p }}\n"
      "spec: {{ rules: [{{ id: r, effect: allow, actions: [read], resources: [{{ type: {} }}] }}] }}\n",
      type);
}

class PolicyRolloutTest : public testing::Test {
 protected:
  PolicyRolloutTest() { fs::create_directories(folder()); }

  std::string folder() const { return files_.path() + "/policies"; }
  // As a careful writer does: aside, then renamed.
  void write(const std::string& text, const std::string& name = "p.yaml") {
    std::ofstream(folder() + "/." + name) << text;
    fs::rename(folder() + "/." + name, folder() + "/" + name);
  }
  std::unique_ptr<PolicyRollout> rollout(Millis poll = Millis{3'600'000}) {
    return std::make_unique<PolicyRollout>(
        PolicyRollout::Options{folder(), {}, poll},
        PolicyRollout::Parts{snapshots_, *revisions_, clock_, log_, readiness_, metrics_},
        [this](const compile::Snapshot& snapshot) {
          told_last_ = snapshot.revision();
          return before_;
        },
        [this](const compile::Snapshot& snapshot) {
          live_.push_back(snapshot.revision());
          if (on_live_) on_live_();
        });
  }
  Status start(PolicyRollout& rollout) { return rollout.start(diagnostics_); }
  bool may_read(const std::string& type) const {
    wire::Request request;
    request.principal.type = "service";
    request.principal.id = "x";
    request.action = "read";
    request.resource_type = type;
    request.resource_id = "1";
    request.question = wire::AccessQuestion{};
    return decide::decide(*snapshots_.load(), request).allowed;
  }

  const storage::TemporaryFolder files_;
  std::ostringstream told_;
  const daemon::Log log_{{}, &told_};
  daemon::SystemClock clock_;
  daemon::Metrics metrics_;
  daemon::Readiness readiness_{{std::string(PolicyRollout::kReadiness)}};
  compile::SnapshotHolder snapshots_;
  std::unique_ptr<storage::RevisionStore> revisions_ = *storage::RevisionStore::open(files_.path() + "/revisions");
  Status before_;
  std::string told_last_;  // the revision that issuers were last taken from
  std::vector<std::string> live_;
  std::function<void()> on_live_;
  std::vector<Diagnostic> diagnostics_;
};

TEST_F(PolicyRolloutTest, WithoutAnyPolicyThereIsNoStart) {
  auto nothing = rollout();
  EXPECT_FALSE(start(*nothing));
  write("kind: Nonsense\n");
  auto bad = rollout();
  EXPECT_FALSE(start(*bad));
  EXPECT_TRUE(has_errors(diagnostics_));
  EXPECT_EQ(snapshots_.load(), nullptr);
}

TEST_F(PolicyRolloutTest, AChangeGoesLiveWholeOrNotAtAll) {
  write(readable("doc"));
  auto rolled = rollout();
  ASSERT_TRUE(start(*rolled));
  EXPECT_TRUE(readiness_.ready());
  EXPECT_TRUE(may_read("doc"));

  write(readable("note") + "---\nkind: Nonsense\n");
  rolled->reload();
  EXPECT_TRUE(may_read("doc")) << "the active revision stays";
  EXPECT_FALSE(may_read("note"));
  ASSERT_FALSE(readiness_.ready());
  EXPECT_NE(readiness_.missing().front().reason.find("p.yaml:"), std::string::npos)
      << readiness_.missing().front().reason;

  write(readable("note"));
  rolled->reload();
  EXPECT_TRUE(may_read("note"));
  EXPECT_FALSE(may_read("doc"));
  EXPECT_TRUE(readiness_.ready());
  EXPECT_EQ(live_.size(), 2u);
  EXPECT_EQ(revisions_->latest()->value().revision, snapshots_.load()->revision());
}

TEST_F(PolicyRolloutTest, APublicSuffixThatARuleOpensIsLoggedWhenItGoesLive) {
  const std::string policy =
      "apiVersion: portreeve/v1\nkind: EgressPolicy\nmetadata: { name: web }\n"
      "spec: { rules: [{ id: pages, effect: allow, hosts: [\"*.github.io\"], publicSuffix: acknowledged }] }\n";
  write(policy);
  auto rolled = rollout();
  ASSERT_TRUE(start(*rolled));
  EXPECT_NE(told_.str().find("a rule opens a public suffix"), std::string::npos) << told_.str();
  EXPECT_NE(told_.str().find("web/pages (p.yaml:4)"), std::string::npos) << told_.str();
  told_.str("");
  rolled->reload();
  EXPECT_EQ(told_.str().find("public suffix"), std::string::npos) << "nothing new went live: " << told_.str();
}

TEST_F(PolicyRolloutTest, ABadFolderAtTheStartFallsBackToTheLastGoodRevision) {
  write(readable("doc"));
  {
    auto first = rollout();
    ASSERT_TRUE(start(*first));
  }
  const std::string revision = snapshots_.load()->revision();
  snapshots_.publish(nullptr);
  write("spec: [");
  auto second = rollout();
  ASSERT_TRUE(start(*second));
  EXPECT_EQ(snapshots_.load()->revision(), revision);
  EXPECT_FALSE(readiness_.ready());
  write(readable("note"));
  second->reload();
  EXPECT_TRUE(readiness_.ready());
  EXPECT_TRUE(may_read("note"));
}

TEST_F(PolicyRolloutTest, AnIssuerThatCannotBeTakenKeepsTheRevisionFromGoingLive) {
  write(readable("doc"));
  auto rolled = rollout();
  ASSERT_TRUE(start(*rolled));
  before_ = fail("no such key file");
  write(readable("note"));
  rolled->reload();
  EXPECT_TRUE(may_read("doc"));
  EXPECT_EQ(readiness_.missing().front().reason, "no such key file");
}

TEST_F(PolicyRolloutTest, ARevisionThatCannotBeNotedLeavesTheIssuersOfTheOneThatStays) {
  write(readable("doc"));
  auto rolled = rollout();
  ASSERT_TRUE(start(*rolled));
  const std::string active = snapshots_.load()->revision();
  fs::remove(files_.path() + "/revisions/ACTIVATIONS");
  fs::create_directory(files_.path() + "/revisions/ACTIVATIONS");
  write(readable("note"));
  rolled->reload();
  EXPECT_TRUE(may_read("doc"));
  EXPECT_FALSE(readiness_.ready());
  EXPECT_EQ(told_last_, active);
}

TEST_F(PolicyRolloutTest, AnUnchangedRevisionIsNotActivatedAgain) {
  write(readable("doc"));
  auto rolled = rollout();
  ASSERT_TRUE(start(*rolled));
  write(readable("doc"));
  rolled->reload();
  EXPECT_EQ(live_.size(), 1u);
}

TEST_F(PolicyRolloutTest, TheFolderIsWatched) {
  write(readable("doc"));
  auto rolled = rollout(Millis{5});
  ASSERT_TRUE(start(*rolled));
  std::promise<void> live;
  on_live_ = [&] { live.set_value(); };
  write(readable("note"));
  ASSERT_EQ(live.get_future().wait_for(std::chrono::seconds(30)), std::future_status::ready);
  EXPECT_TRUE(may_read("note"));
}

}  // namespace
}  // namespace portreeve::pdp
