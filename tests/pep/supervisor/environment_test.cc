#include "pep/supervisor/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace portreeve::supervisor {
namespace {

const SandboxUser kUser{"sandbox", 1000, 1000, "/work"};

TEST(Environment, IsWhatEveryProcessHasAndWhatWasAskedFor) {
  const auto environment = Environment::make({"LANG=C", "HOME=/else", "EMPTY="}, kUser, true);
  ASSERT_TRUE(environment);
  EXPECT_THAT(environment->names(), testing::ElementsAre("EMPTY", "HOME", "LANG", "LOGNAME", "PATH", "TERM", "USER"));
  EXPECT_THAT(environment->scrubbed({"EMPTY", "HOME"}), testing::ElementsAre("EMPTY=", "HOME=/else"));
  EXPECT_TRUE(environment->scrubbed({}).empty());
}

TEST(Environment, NeverPassesWhatMakesAProgramLoadOrRunAnother) {
  for (const char* name :
       {"LD_PRELOAD", "LD_", "BASH_ENV", "ENV", "NODE_OPTIONS", "PYTHONPATH", "PYTHON", "PERL5LIB", "RUBYOPT",
        "JAVA_TOOL_OPTIONS", "GIT_SSH_COMMAND", "GIT_AUTHOR", "GIT_COMMITTER_", "GIT_", "PORTREEVE_SECRETS"}) {
    EXPECT_TRUE(is_never_passed(name)) << name;
    const auto environment = Environment::make({std::string(name) + "=x"}, kUser, false);
    EXPECT_TRUE(environment->scrubbed({name}).empty()) << name;
  }
  for (const char* name :
       {"ld_preload", "LD", "ENVIRONMENT", "NODE_ENV", "GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_AUTHOR_DATE",
        "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "GIT_COMMITTER_DATE", "GIT", "PERL", "RUBYLIB", "PATH"}) {
    EXPECT_FALSE(is_never_passed(name)) << name;
  }
}

TEST(Environment, RefusesWhatIsNoVariable) {
  EXPECT_EQ(Environment::make({"NAME"}, kUser, false).error().message, "`NAME` is no NAME=VALUE");
  EXPECT_EQ(Environment::make({"=x"}, kUser, false).error().message, "`=x` is no NAME=VALUE");
  EXPECT_EQ(Environment::make({"A=1", "A=2"}, kUser, false).error().message, "`A` is set twice");
}

TEST(SandboxUser, IsReadWholeOrNotAtAll) {
  const auto user = SandboxUser::parse("sandbox:1000:1001:/work");
  ASSERT_TRUE(user);
  EXPECT_EQ(user->uid, 1000u);
  EXPECT_EQ(user->gid, 1001u);
  EXPECT_EQ(SandboxUser::parse("root:0:0")->home, "/");
  for (const char* text :
       {"", "a", "a:1", "a:1:1:work", "a:1:1:/w/", "a:-1:1", "a:1x:1", "a:4294967295:1", "a:1:1:/:x", ":1:1"}) {
    EXPECT_FALSE(SandboxUser::parse(text)) << text;
  }
}

}  // namespace
}  // namespace portreeve::supervisor
