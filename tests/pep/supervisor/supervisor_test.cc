// The supervisor as PID 1: what it starts, how it ends, what it answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <string>

#include "tests/pep/supervisor/guest.h"

namespace portreeve::supervisor {
namespace {

using channel::EndCause;
using testing::HasSubstr;
using testing::Not;

using Clock = std::chrono::steady_clock;

TEST(Supervisor, RunsAProgramAndTellsItsStatus) {
  const Guest guest;
  TestController controller(guest.channel());
  EXPECT_EQ(controller.welcome.session, kSession);
  const Done done = controller.sh("echo out; echo err >&2; exit 3");
  EXPECT_EQ(done.ended.cause, EndCause::exited);
  EXPECT_EQ(done.ended.status, 3);
  EXPECT_EQ(done.ended.decision, "dec_1");
  EXPECT_EQ(done.output, "out\n");
  EXPECT_EQ(done.error, "err\n");
}

TEST(Supervisor, PassesInputAndItsEnd) {
  const Guest guest;
  TestController controller(guest.channel());
  channel::Start cat;
  cat.program = "cat";
  EXPECT_EQ(controller.run(cat, "over and out").output, "over and out");
  cat.input = false;
  EXPECT_EQ(controller.run(cat).output, "");
}

TEST(Supervisor, AsksAboutTheVeryStartThatIsMeant) {
  Guest guest;
  TestController controller(guest.channel());
  channel::Start start = shell("true");
  start.environment = {"LANG=C", "LD_PRELOAD=/mnt/evil.so", "GIT_SSH=/mnt/evil", "GIT_AUTHOR_NAME=Rita"};
  controller.run(start);
  const auto questions = guest.pdp().questions();
  ASSERT_EQ(questions.size(), 1u);
  EXPECT_THAT(questions[0], HasSubstr(R"("id":"/bin/sh")"));
  EXPECT_THAT(questions[0], HasSubstr(R"("file":"/usr/bin/dash")"));
  EXPECT_THAT(questions[0], HasSubstr(R"("stable":true)"));
  EXPECT_THAT(questions[0], HasSubstr(R"("env":["GIT_AUTHOR_NAME","HOME","LANG","LOGNAME","PATH","USER"])"));
  EXPECT_THAT(questions[0], HasSubstr(R"("id":"ses_guest")"));
  EXPECT_THAT(guest.pdp().credentials(), testing::Contains("Authorization: Bearer supervisor-token"));
}

TEST(Supervisor, SpendsTheNextCredentialOnceItIsGiven) {
  Guest guest;
  TestController controller(guest.channel());
  controller.send(0, channel::Credential{"the-next-token"});
  controller.await<channel::CredentialTaken>(0);
  controller.sh("true");
  EXPECT_THAT(guest.pdp().credentials(), testing::Contains("Authorization: Bearer the-next-token"));
}

TEST(Supervisor, StartsNothingThatIsDenied) {
  Guest guest;
  guest.pdp().deny("default-deny");
  TestController controller(guest.channel());
  const Done done = controller.sh("echo ran");
  EXPECT_EQ(done.ended.cause, EndCause::refused);
  EXPECT_EQ(done.ended.reason, "default-deny");
  EXPECT_EQ(done.output, "");
}

TEST(Supervisor, StartsNothingWhileThePdpIsAway) {
  Guest guest;
  TestController controller(guest.channel());
  guest.pdp().be_away();
  const Done done = controller.sh("echo ran");
  EXPECT_EQ(done.ended.cause, EndCause::refused);
  EXPECT_EQ(done.ended.reason, "pdp-unavailable");
}

TEST(Supervisor, RefusesWhatIsNoProgramOfTheSandbox) {
  const Guest guest;
  TestController controller(guest.channel());
  struct Row {
    const char* program;
    const char* user;
    const char* directory;
    const char* reason;
  };
  const Row rows[] = {
      {"/no/such", "", "/", "program-unavailable"},     {"/bin", "", "/", "program-unavailable"},
      {"bin/sh", "", "/", "program-unavailable"},       {"/bin/../bin/sh", "", "/", "program-unavailable"},
      {"no-such-name", "", "/", "program-unavailable"}, {"/etc/passwd", "", "/", "program-unavailable"},
      {"/bin/sh", "nobody", "/", "bad-request"},        {"/bin/sh", "", "/no/such", "bad-request"}};
  for (const Row& row : rows) {
    channel::Start start;
    start.program = row.program;
    start.user = row.user;
    start.directory = row.directory;
    const Done done = controller.run(start);
    EXPECT_EQ(done.ended.cause, EndCause::refused) << row.program;
    EXPECT_EQ(done.ended.reason, row.reason) << row.program << ": " << done.ended.detail;
  }
}

TEST(Supervisor, GivesAScriptToItsInterpreterByDescriptor) {
  GuestOptions options;
  options.prepare = "printf '#!/bin/sh -e\\necho script $1 $0\\n' >/mnt/script; chmod 755 /mnt/script";
  Guest guest(options);
  TestController controller(guest.channel());
  channel::Start start;
  start.program = "/mnt/script";
  start.arguments = {"script", "first"};
  const Done done = controller.run(start);
  EXPECT_EQ(done.output, "script first /dev/fd/3\n") << done.error << done.ended.detail;
  EXPECT_THAT(guest.pdp().questions().back(),
              HasSubstr(R"("interpreter":{"file":"/usr/bin/dash","path":"/bin/sh","stable":true})"));
}

TEST(Supervisor, ReapsWhatNobodyWaitsFor) {
  const Guest guest;
  // Orphans of another's making, and of a start.
  EXPECT_EQ(guest.inside("for i in 1 2 3 4 5; do (sleep 0.01 & ) ; done; sleep 0.3"), 0);
  TestController controller(guest.channel());
  controller.sh("for i in 1 2 3; do (sleep 0.01 &) ; done; sleep 0.1");
  std::string zombies;
  guest.inside("grep -l '^State:.Z' /proc/[0-9]*/status 2>/dev/null | wc -l", &zombies);
  EXPECT_EQ(zombies, "0\n");
}

TEST(Supervisor, EndsWhatAStartLeavesBehind) {
  const Guest guest;
  TestController controller(guest.channel());
  const Done done = controller.sh("sleep 1000 & setsid sleep 1001 & nohup sleep 1002 >/dev/null 2>&1 & echo up");
  EXPECT_EQ(done.ended.cause, EndCause::exited);
  EXPECT_EQ(done.output, "up\n");
  std::string left;
  guest.inside("sleep 0.1; grep -l sleep /proc/[0-9]*/comm | wc -l", &left);
  // Without a control group what made itself a session of its own is only held by the namespace; see the cgroup tests.
  EXPECT_LE(std::stoi(left), 1);
}

TEST(Supervisor, TellsTheSignalThatEndedIt) {
  const Guest guest;
  TestController controller(guest.channel());
  const Done done = controller.sh("kill -USR1 $$");
  EXPECT_EQ(done.ended.cause, EndCause::signalled);
  EXPECT_EQ(done.ended.signal, SIGUSR1);
}

TEST(Supervisor, HandsSignalsToTheWholeGroup) {
  const Guest guest;
  TestController controller(guest.channel());
  controller.send(7, shell("trap 'echo caught; exit 9' TERM; echo ready; while :; do sleep 0.05; done"));
  EXPECT_EQ(controller.await<channel::Output>(7).bytes, "ready\n");
  controller.send(7, channel::Signal{SIGTERM});
  // The shell may say first that its `sleep`, which is of the group, was terminated.
  std::string said;
  while (said.find("caught\n") == std::string::npos && !HasFailure())
    said += controller.await<channel::Output>(7).bytes;
  EXPECT_EQ(controller.await<channel::Ended>(7).status, 9);
}

TEST(Supervisor, GivesATerminal) {
  Guest guest;
  guest.pdp().allow(R"({"env":{"pass":["PATH","TERM"]},"write":[]})");
  TestController controller(guest.channel());
  channel::Start start = shell("tty; stty size; read line; echo \"got $line\"; stty size; echo armed; read more");
  start.terminal = channel::Size{30, 100};
  controller.send(1, start);
  std::string seen;
  const auto read_until = [&](const std::string& text) {
    while (seen.find(text) == std::string::npos) {
      const auto output = controller.await<channel::Output>(1);
      if (output.bytes.empty()) break;
      seen += output.bytes;
    }
    EXPECT_THAT(seen, HasSubstr(text));
  };
  read_until("30 100");
  controller.send(1, channel::Resize{{40, 120}});
  controller.send(1, channel::Input{"typed\n"});
  read_until("got typed");
  read_until("40 120");
  read_until("armed");  // the shell forgets a ^C that comes between two programs
  controller.send(1, channel::Input{"\x03"});
  const auto ended = controller.await<channel::Ended>(1);
  EXPECT_EQ(ended.cause, EndCause::signalled);
  EXPECT_EQ(ended.signal, SIGINT);
  EXPECT_THAT(seen, HasSubstr("/dev/pts/"));
}

TEST(Supervisor, EndsInputOfATerminalByItsEndOfFile) {
  const Guest guest;
  TestController controller(guest.channel());
  channel::Start start = shell("cat >/dev/null; echo over");
  start.terminal = channel::Size{24, 80};
  EXPECT_THAT(controller.run(start).output, HasSubstr("over"));
}

TEST(Supervisor, ServesSeveralProcessesAtOnce) {
  const Guest guest;
  TestController controller(guest.channel());
  for (channel::ProcessNumber number = 10; number < 20; ++number) controller.send(number, shell("read x; echo $x"));
  const auto count = [&]<class Message>(int most, Message) {
    int seen = 0;
    while (seen < most) {
      const auto message = controller.next();
      seen += std::holds_alternative<Message>(message.message) ? 1 : 0;
      if (std::holds_alternative<channel::Failure>(message.message)) break;
    }
    return seen;
  };
  EXPECT_EQ(count(10, channel::Started{}), 10);
  for (channel::ProcessNumber number = 19; number >= 10; --number) controller.send(number, channel::Input{"typed\n"});
  EXPECT_EQ(count(10, channel::Ended{}), 10);
}

TEST(Supervisor, RefusesASecondController) {
  const Guest guest;
  const TestController first(guest.channel());
  boost::asio::io_context context(1);
  const auto second = TestController::try_connect(context, guest.channel());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, "the supervisor refuses: another controller is connected");
}

TEST(Supervisor, TakesTheNextControllerWhenTheFirstIsGone) {
  const Guest guest;
  {
    TestController first(guest.channel());
    first.send(1, shell("sleep 1000"));
    first.await<channel::Started>(1);
  }
  std::string left;
  guest.inside(
      "for i in $(seq 100); do grep -q sleep /proc/[0-9]*/comm || break; sleep 0.02; done; "
      "cat /proc/[0-9]*/comm | grep -c '^sleep$'",
      &left);
  TestController second(guest.channel());
  EXPECT_EQ(second.sh("echo here").output, "here\n");
}

TEST(Supervisor, StallsOnlyWhatIsNotRead) {
  const Guest guest;
  TestController controller(guest.channel());
  channel::Start endless = shell("yes");
  endless.window = 1000;
  controller.send(100, endless);
  std::size_t got = 0;
  while (got < 1000) got += controller.await<channel::Output>(100).bytes.size();
  EXPECT_EQ(got, 1000u);
  EXPECT_EQ(controller.sh("echo others go on").output, "others go on\n");
  controller.send(100, channel::Window{channel::Stream::output, 10});
  EXPECT_EQ(controller.await<channel::Output>(100).bytes.size(), 10u);
  controller.send(100, channel::Signal{SIGKILL});
  controller.send(100, channel::Window{channel::Stream::output, 4u << 20});
  EXPECT_EQ(controller.await<channel::Ended>(100).signal, SIGKILL);
}

TEST(Supervisor, EndsAConnectionThatSendsMoreThanThereIsRoomFor) {
  const Guest guest;
  TestController controller(guest.channel());
  controller.send(1, shell("sleep 100"));
  controller.await<channel::Started>(1);
  // The pipe takes some, the window some more.
  for (int i = 0; i < 4; ++i) controller.send(1, channel::Input{std::string(200'000, 'x')});
  const auto failure = controller.await<channel::Failure>(0);
  EXPECT_EQ(failure.code, channel::ErrorCode::flow);
}

TEST(Supervisor, EndsAConnectionThatSpeaksOtherwise) {
  const Guest guest;
  const std::string rows[] = {
      std::string("\x01\x00\x00\x00\x00", 5),                         // a second hello
      std::string("\x7f\x00\x00\x00\x00", 5),                         // no such message
      std::string("\x03\x00\x00\x00\x00zzz", 8),                      // input of no process
      std::string("\x02\x00\x00\x00\x01\x01\xff\xff\xff\xff", 10),    // a field longer than the message
      std::string("\x05\x00\x00", 3),                                 // shorter than a header
      channel::encode(1, channel::ToController(channel::Started{})),  // the other side's
  };
  for (const std::string& row : rows) {
    TestController controller(guest.channel());
    controller.send_raw(row);
    EXPECT_EQ(controller.await<channel::Failure>(0).code, channel::ErrorCode::protocol) << testing::PrintToString(row);
  }
  TestController controller(guest.channel());
  controller.send_raw(std::string("\x80\x00\x00\x00\x07whatever", 13));  // a later version's, to be passed over
  EXPECT_EQ(controller.sh("echo on").output, "on\n");
}

TEST(Supervisor, EndsAtItsWallTime) {
  Guest guest;
  guest.pdp().allow(R"({"env":{"pass":[]},"limits":{"wall":1}})");
  TestController controller(guest.channel());
  EXPECT_EQ(controller.sh("trap '' TERM HUP INT; sleep 100").ended.cause, EndCause::wall_limit);
}

TEST(Supervisor, EndsAtItsProcessorTime) {
  Guest guest;
  guest.pdp().allow(R"({"env":{"pass":[]},"limits":{"cpu":1}})");
  TestController controller(guest.channel());
  EXPECT_EQ(controller.sh("while :; do :; done").ended.cause, EndCause::cpu_limit);
}

TEST(Supervisor, RefusesLimitsThatItCannotKeep) {
  Guest guest;
  TestController controller(guest.channel());
  for (const char* limit : {"\"memory\":1000000", "\"processes\":10"}) {
    guest.pdp().allow(std::string(R"({"env":{"pass":[]},"limits":{)") + limit + "}}");
    const Done done = controller.sh("echo ran");
    EXPECT_EQ(done.ended.cause, EndCause::refused) << limit;
    EXPECT_EQ(done.ended.reason, "confinement-unavailable") << limit;
  }
}

TEST(Supervisor, EndsEverythingWhenTheSessionIsRevoked) {
  Guest guest;
  TestController controller(guest.channel());
  controller.send(1, shell("trap '' TERM HUP INT; sleep 1000"));
  controller.send(2, shell("setsid sh -c 'sleep 1000; echo no' ; echo no"));
  controller.await<channel::Started>(2);
  const auto began = Clock::now();
  guest.pdp().revoke();
  int ended = 0;
  while (ended < 2) {
    const auto message = controller.next();
    if (const auto* end = std::get_if<channel::Ended>(&message.message)) {
      EXPECT_EQ(end->cause, EndCause::revoked);
      ++ended;
    }
    if (std::holds_alternative<channel::Failure>(message.message)) break;
  }
  EXPECT_EQ(ended, 2);
  EXPECT_LT(Clock::now() - began, std::chrono::seconds(1));
  EXPECT_EQ(controller.sh("echo no").ended.reason, "revoked");
}

TEST(Supervisor, ShutsDownInOrder) {
  Guest guest;
  TestController controller(guest.channel());
  controller.send(1, shell("trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.02; done"));
  controller.await<channel::Output>(1);
  controller.send(2, shell("trap '' TERM HUP; echo ready; while :; do sleep 0.02; done"));
  controller.await<channel::Output>(2);
  kill(guest.pid(), SIGTERM);
  int ended = 0;
  while (ended < 2) {
    const auto message = controller.next();
    if (const auto* end = std::get_if<channel::Ended>(&message.message)) {
      EXPECT_EQ(end->cause, EndCause::shutting_down);
      ++ended;
    }
    if (std::holds_alternative<channel::Failure>(message.message)) break;
  }
  EXPECT_EQ(ended, 2);
  EXPECT_EQ(guest.wait(), 0);
  std::string all;
  for (const std::string& outcome : guest.pdp().outcomes()) all += outcome;
  EXPECT_THAT(all, HasSubstr(R"("event":"shutting-down")"));
}

TEST(Supervisor, ReportsWhatBecameOfEachStart) {
  Guest guest;
  {
    TestController controller(guest.channel());
    controller.sh("exit 4");
    controller.run({.program = "/no/such"});
    controller.send(0, channel::Shutdown{1000});
    controller.await<channel::Stopping>(0);
    EXPECT_EQ(guest.wait(), 0);
  }
  std::string all;
  for (const std::string& outcome : guest.pdp().outcomes()) all += outcome;
  EXPECT_THAT(all, HasSubstr(R"("decision":"dec_1")"));
  EXPECT_THAT(all, HasSubstr(R"("exitStatus":4)"));
  EXPECT_THAT(all, HasSubstr(R"("kind":"refusal")"));
  EXPECT_THAT(all, HasSubstr(R"("reason":"program-unavailable")"));
}

TEST(Supervisor, HandsSecretsOverByASealedDescriptor) {
  const Guest guest;
  TestController controller(guest.channel());
  controller.send(1, channel::Secret{"api-key", "s3cret"});
  controller.send(1, channel::Secret{"other", "more"});
  const Done done = controller.sh("echo $PORTREEVE_SECRETS; cat <&3; cat <&4; echo x >&3 || echo sealed");
  EXPECT_THAT(done.output, testing::StartsWith("api-key:3,other:4\ns3cretmore")) << done.error;
  EXPECT_THAT(done.output, HasSubstr("sealed"));
  EXPECT_THAT(controller.sh("echo [$PORTREEVE_SECRETS]; ls /proc/self/fd").output,
              testing::StartsWith("[]\n0\n1\n2\n3\n"));
}

}  // namespace
}  // namespace portreeve::supervisor
