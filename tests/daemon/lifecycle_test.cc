#include "daemon/lifecycle.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <thread>

namespace portreeve::daemon {
namespace {

// A child process that runs `body` with a pipe to us. Signals are a process's, so each test gets one.
class Child {
 public:
  explicit Child(const std::function<void(int out)>& body) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    pid_ = fork();
    if (pid_ == 0) {
      close(ends[0]);
      body(ends[1]);
      _exit(0);
    }
    close(ends[1]);
    in_ = ends[0];
  }
  ~Child() { close(in_); }
  // Waits for the next byte; 0 at the end.
  char next() {
    char byte = 0;
    return read(in_, &byte, 1) == 1 ? byte : '\0';
  }
  void signal(int number) const { kill(pid_, number); }
  int wait() const {
    int status = 0;
    waitpid(pid_, &status, 0);
    return status;
  }

 private:
  pid_t pid_ = -1;
  int in_ = -1;
};

void say(int out, char byte) { EXPECT_EQ(write(out, &byte, 1), 1); }

TEST(Lifecycle, StopsInReverseOrderOnSigterm) {
  for (const int signal : {SIGTERM, SIGINT}) {
    Child child([](int out) {
      Lifecycle lifecycle;
      lifecycle.on_stop([out] { say(out, '1'); });
      lifecycle.on_stop([out] { say(out, '2'); });
      say(out, 'r');
      lifecycle.run();
      say(out, 'e');
    });
    EXPECT_EQ(child.next(), 'r');
    child.signal(signal);
    EXPECT_EQ(child.next(), '2');
    EXPECT_EQ(child.next(), '1');
    EXPECT_EQ(child.next(), 'e');
    EXPECT_EQ(child.wait(), 0);
  }
}

TEST(Lifecycle, ReloadsAtEachSighupAndGoesOn) {
  Child child([](int out) {
    Lifecycle lifecycle;
    lifecycle.on_reload([out] { say(out, 'h'); });
    say(out, 'r');
    lifecycle.run();
    say(out, 'e');
  });
  EXPECT_EQ(child.next(), 'r');
  for (int i = 0; i < 3; ++i) {
    child.signal(SIGHUP);
    EXPECT_EQ(child.next(), 'h');
  }
  child.signal(SIGTERM);
  EXPECT_EQ(child.next(), 'e');
  EXPECT_EQ(child.wait(), 0);
}

TEST(Lifecycle, EndsAtOnceOnASecondSignal) {
  Child child([](int out) {
    Lifecycle lifecycle;
    lifecycle.on_stop([out] {
      say(out, 's');
      for (;;) pause();
    });
    say(out, 'r');
    lifecycle.run();
  });
  EXPECT_EQ(child.next(), 'r');
  child.signal(SIGTERM);
  EXPECT_EQ(child.next(), 's');
  child.signal(SIGTERM);
  const int status = child.wait();
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

TEST(Lifecycle, SurvivesAClosedPeer) {
  Child child([](int out) {
    const Lifecycle lifecycle;
    int ends[2];
    if (pipe(ends) != 0) return;
    close(ends[0]);
    if (write(ends[1], "x", 1) == -1 && errno == EPIPE) say(out, 'y');
  });
  EXPECT_EQ(child.next(), 'y');
  EXPECT_EQ(child.wait(), 0);
}

TEST(Lifecycle, StopsOnRequestFromAnotherThread) {
  Lifecycle lifecycle;
  std::atomic<bool> stopped = false;
  lifecycle.on_stop([&] { stopped = true; });
  std::thread thread([&] { lifecycle.request_stop(); });
  lifecycle.run();
  thread.join();
  EXPECT_TRUE(stopped);
}

TEST(AnnounceReady, PrintsOneLineAndTellsTheServiceManager) {
  std::string pattern = (std::filesystem::temp_directory_path() / "portreeve-notify-XXXXXX").string();
  const std::filesystem::path folder = mkdtemp(pattern.data());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (folder / "notify").string().copy(address.sun_path, sizeof address.sun_path - 1);
  const int manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(bind(manager, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  setenv("NOTIFY_SOCKET", address.sun_path, 1);
  std::ostringstream out;
  const Status announced = announce_ready(
      "portreeve-pdp", {{"decisions", "http://127.0.0.1:8180"}, {"admin", "http://127.0.0.1:8181"}}, out);
  unsetenv("NOTIFY_SOCKET");
  EXPECT_TRUE(announced) << announced.error().message;
  EXPECT_EQ(out.str(), "portreeve-pdp ready decisions=http://127.0.0.1:8180 admin=http://127.0.0.1:8181\n");
  char told[64] = {};
  ASSERT_GT(recv(manager, told, sizeof told - 1, MSG_DONTWAIT), 0);
  EXPECT_STREQ(told, "READY=1");
  close(manager);
  std::filesystem::remove_all(folder);
}

TEST(AnnounceReady, SaysWhereTheServiceManagerCannotBeTold) {
  setenv("NOTIFY_SOCKET", "/nowhere/notify", 1);
  std::ostringstream out;
  const Status announced = announce_ready("p", {}, out);
  unsetenv("NOTIFY_SOCKET");
  ASSERT_FALSE(announced);
  EXPECT_EQ(announced.error().message,
            "cannot tell the service manager at `/nowhere/notify`: No such file or directory");
  EXPECT_EQ(out.str(), "p ready\n");
}

TEST(ForbidCoreDumps, HoldsForTheProcess) {
  Child child([](int out) {
    if (!forbid_core_dumps()) return;
    rlimit limit{};
    getrlimit(RLIMIT_CORE, &limit);
    if (prctl(PR_GET_DUMPABLE) == 0 && limit.rlim_max == 0) say(out, 'y');
  });
  EXPECT_EQ(child.next(), 'y');
  EXPECT_EQ(child.wait(), 0);
}

}  // namespace
}  // namespace portreeve::daemon
