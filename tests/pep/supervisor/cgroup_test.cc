// Limits that control groups keep, with the hierarchies that this machine has.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/pep/supervisor/guest.h"

namespace portreeve::supervisor {
namespace {

using channel::EndCause;

// A folder of its own in each hierarchy that can limit memory or processes, wherever it is mounted.
class Groups {
 public:
  Groups() {
    const std::string name = "supervisor-test-" + std::to_string(getpid());
    for (const char* root :
         {"/sys/fs/cgroup/memory", "/sys/fs/cgroup/pids", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"}) {
      const std::string folder = std::string(root) + "/" + name;
      if (!std::filesystem::exists(std::string(root) + "/cgroup.procs")) continue;
      if (mkdir(folder.c_str(), 0700) == 0) folders_.push_back(folder);
    }
  }
  ~Groups() {
    for (const std::string& folder : folders_) {
      for (int i = 0; i < 100 && rmdir(folder.c_str()) != 0; ++i) usleep(10'000);
    }
  }
  bool can(const char* file) const {
    for (const std::string& folder : folders_) {
      if (std::filesystem::exists(folder + "/" + file)) return true;
    }
    return false;
  }
  GuestOptions options() const {
    GuestOptions options;
    for (const std::string& folder : folders_) options.flags.push_back("--cgroup " + folder);
    return options;
  }
  int left_over() const {
    int left = 0;
    for (const std::string& folder : folders_) {
      for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        left += entry.path().filename().string().starts_with("start-") ? 1 : 0;
      }
    }
    return left;
  }

 private:
  std::vector<std::string> folders_;
};

TEST(Cgroups, HoldAForkBomb) {
  const Groups groups;
  if (!groups.can("pids.max")) GTEST_SKIP() << "no cgroup here limits processes";
  Guest guest(groups.options());
  guest.pdp().allow(R"({"env":{"pass":["PATH"]},"limits":{"processes":20,"wall":2}})");
  TestController controller(guest.channel());
  controller.send(50, shell("b() { b | b & }; b; while :; do sleep 0.1; done"));
  controller.await<channel::Started>(50);
  std::string count;
  guest.inside("sleep 0.5; set -- /proc/[0-9]*; echo $#", &count);  // forks for nothing, where a bomb leaves no room
  EXPECT_LT(std::stoi(count), 30);
  guest.pdp().allow(R"({"env":{"pass":["PATH"]},"limits":{"processes":20}})");
  EXPECT_EQ(controller.sh("echo others go on").output, "others go on\n");
  EXPECT_EQ(controller.await<channel::Ended>(50).cause, EndCause::wall_limit);
  guest.inside("for i in $(seq 50); do set -- /proc/[0-9]*; [ $# -lt 8 ] && break; sleep 0.05; done; echo $#", &count);
  EXPECT_LT(std::stoi(count), 8) << "what the bomb made has to be gone with it";
}

TEST(Cgroups, EndWhatUsesTooMuchMemory) {
  const Groups groups;
  if (!groups.can("memory.limit_in_bytes") && !groups.can("memory.max")) GTEST_SKIP() << "no cgroup here limits memory";
  Guest guest(groups.options());
  guest.pdp().allow(R"({"env":{"pass":["PATH"]},"limits":{"memory":33554432}})");
  TestController controller(guest.channel());
  channel::Start python;
  python.program = "python3";
  python.directory = "/";
  python.arguments = {"python3", "-c", "x = bytearray(200 << 20); print(len(x))"};
  EXPECT_EQ(controller.run(python).ended.cause, EndCause::out_of_memory);
  EXPECT_EQ(controller.sh("echo little").output, "little\n");
}

TEST(Cgroups, EndWhatMadeItselfASessionOfItsOwn) {
  const Groups groups;
  if (!groups.can("cgroup.procs")) GTEST_SKIP() << "no cgroups here";
  Guest guest(groups.options());
  TestController controller(guest.channel());
  EXPECT_EQ(controller.sh("setsid sleep 1001 >/dev/null 2>&1 & sleep 0.1; echo up").output, "up\n");
  std::string left;
  guest.inside("sleep 0.1; cat /proc/[0-9]*/comm | grep -c sleep", &left);
  EXPECT_EQ(left, "0\n");
  controller.sh("true");
  EXPECT_LE(groups.left_over(), 3);  // the last start's, whose end the next one sweeps
}

TEST(Cgroups, CountTheProcessorTimeOfAllThatAStartMade) {
  const Groups groups;
  if (!groups.can("cpu.stat") && !groups.can("cpuacct.usage")) GTEST_SKIP() << "no cgroup here counts processor time";
  Guest guest(groups.options());
  guest.pdp().allow(R"({"env":{"pass":["PATH"]},"limits":{"cpu":1,"wall":60}})");
  TestController controller(guest.channel());
  // None of them alone comes to a second.
  const Done done = controller.sh("while :; do timeout 0.3 sh -c 'while :; do :; done'; done");
  EXPECT_EQ(done.ended.cause, EndCause::cpu_limit);
}

}  // namespace
}  // namespace portreeve::supervisor
