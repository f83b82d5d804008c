// What a workload tries, and does not get: each attack from inside a real sandbox.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <boost/asio/io_context.hpp>
#include <string>

#include "tests/pep/supervisor/guest.h"

namespace portreeve::supervisor {
namespace {

using channel::EndCause;
using testing::HasSubstr;
using testing::Not;

constexpr char kWork[] = R"({"env":{"pass":["HOME","PATH"]},"write":["/mnt/work/**"]})";

channel::Start as_root(channel::Start start) {
  start.user = "root";
  return start;
}

TEST(Confinement, RunsAsTheSandboxsUserWithoutAnyPrivilege) {
  const Guest guest;
  TestController controller(guest.channel());
  const std::string status = controller.sh("cat /proc/self/status; id -u; id -G").output;
  EXPECT_THAT(status, HasSubstr("\n1000\n1000\n"));
  for (const char* line : {"CapInh:\t0000000000000000", "CapPrm:\t0000000000000000", "CapEff:\t0000000000000000",
                           "CapBnd:\t0000000000000000", "CapAmb:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"}) {
    EXPECT_THAT(status, HasSubstr(line));
  }
  const std::string root = controller.run(as_root(shell("cat /proc/self/status"))).output;
  EXPECT_THAT(root, HasSubstr("CapEff:\t0000000000000000"));
  EXPECT_THAT(root, HasSubstr("CapBnd:\t0000000000000000"));
}

TEST(Confinement, PassesOnlyTheNamesThatWereGranted) {
  Guest guest;
  guest.pdp().allow(R"({"env":{"pass":["GIT_SSH","HOME","LD_PRELOAD","SHOWN"]}})");
  TestController controller(guest.channel());
  channel::Start env;
  env.program = "/usr/bin/env";
  env.environment = {"SHOWN=1", "HIDDEN=1", "LD_PRELOAD=/mnt/x", "GIT_SSH=/mnt/x"};
  // Names that are never passed on are not asked about, so an answer that grants them is no answer.
  EXPECT_EQ(controller.run(env).ended.reason, "pdp-unavailable");
  guest.pdp().allow(R"({"env":{"pass":["HOME","SHOWN"]}})");
  EXPECT_EQ(controller.run(env).output, "HOME=/mnt/home\nSHOWN=1\n");
}

TEST(Confinement, LeavesNoDescriptorOpen) {
  const Guest guest;
  TestController controller(guest.channel());
  EXPECT_EQ(controller.sh("ls /proc/self/fd").output, "0\n1\n2\n3\n");  // 3 is the listing's own
}

TEST(Confinement, GivesEachStartItsOwnSession) {
  const Guest guest;
  TestController controller(guest.channel());
  EXPECT_EQ(controller.sh("set -- $(cat /proc/self/stat); [ $5 = $6 ] && [ $6 = $$ ] && echo own").output, "own\n");
}

TEST(Confinement, WritesWhereItWasGrantedAndNowhereElse) {
  GuestOptions options;
  options.prepare =
      "mkdir -p /mnt/free; chmod 777 /mnt/free /mnt; echo old >/mnt/free/file; chmod 666 /mnt/free/file;"
      "ln -s /mnt/free /mnt/work/link; touch /mnt/one; chmod 666 /mnt/one";
  Guest guest(options);
  guest.pdp().allow(R"({"env":{"pass":[]},"write":["/mnt/one","/mnt/work/**"]})");
  TestController controller(guest.channel());
  const Done done = controller.sh(
      "cd /mnt/work && echo a >a && mkdir d && mv a d/b && rm -r d && echo inside; echo x >/dev/null && echo null;"
      "echo 1 >/mnt/one && echo one;"
      "echo x >/mnt/free/file; echo x >/mnt/free/new; rm /mnt/free/file; mkdir /mnt/free/d; echo x >/mnt/work/link/new;"
      "truncate -s 0 /mnt/free/file; mv /mnt/free/file /mnt/work/; ln /mnt/free/file /mnt/work/f; echo x >/mnt/home/f;"
      "mknod /mnt/work/null c 1 3; rm /mnt/one; cat /mnt/free/file");
  EXPECT_EQ(done.output, "inside\nnull\none\nold\n") << done.error;
  std::string seen;
  guest.inside("cd /mnt; ls free work home; cat free/file", &seen);
  EXPECT_EQ(seen, "free:\nfile\n\nhome:\n\nwork:\nlink\nold\n");
}

TEST(Confinement, GrantsNothingByALink) {
  GuestOptions options;
  options.prepare = "mkdir -p /mnt/free; chmod 777 /mnt/free; ln -s /mnt/free /mnt/granted";
  Guest guest(options);
  guest.pdp().allow(R"({"env":{"pass":[]},"write":["/mnt/granted/**"]})");
  TestController controller(guest.channel());
  const Done done = controller.sh("echo x >/mnt/free/f");
  EXPECT_EQ(done.ended.cause, EndCause::refused);
  EXPECT_EQ(done.ended.reason, "confinement-unavailable");
}

TEST(Confinement, DeniesTheSystemCallsThatLeadOut) {
  const Guest guest;
  TestController controller(guest.channel());
  const Done done = controller.run(as_root([] {
    channel::Start python;
    python.program = "python3";
    python.directory = "/";
    python.window = 1u << 20;
    python.arguments = {"python3", "-c", R"(
import ctypes, errno, os, socket
libc = ctypes.CDLL(None, use_errno=True)
def call(name, number, *arguments):
    ctypes.set_errno(0)
    result = libc.syscall(number, *arguments)
    print(name, 'ok' if result >= 0 else errno.errorcode[ctypes.get_errno()])
call('ptrace', 101, 16, 1, 0, 0)
call('process_vm_readv', 310, 1, 0, 0, 0, 0, 0)
call('io_uring_setup', 425, 1, 0)
call('add_key', 248, 0, 0, 0, 0, 0)
call('keyctl', 250, 0, 0, 0, 0, 0)
call('unshare', 272, 0x10000000)
call('setns', 308, 0, 0)
call('mount', 165, 0, 0, 0, 0, 0)
call('bpf', 321, 0, 0, 0)
call('clone-user', 56, 0x10000000 | 17, 0, 0, 0, 0)
call('clone3', 435, 0, 0)
call('chroot', 161, b'/mnt')
call('pidfd_getfd', 438, 0, 0, 0)
call('open_by_handle_at', 304, 0, 0, 0)
call('userfaultfd', 323, 0)
for family in (16, 17, 38, 40, 21):
    try:
        socket.socket(family, socket.SOCK_RAW if family == 17 else socket.SOCK_SEQPACKET if family == 38 else socket.SOCK_RAW if family == 16 else socket.SOCK_STREAM)
        print('family', family, 'ok')
    except OSError as error: print('family', family, errno.errorcode[error.errno])
try: open('/proc/1/mem', 'rb'); print('mem ok')
except OSError as error: print('mem', errno.errorcode[error.errno])
try: os.readlink('/proc/1/root'); print('root ok')
except OSError as error: print('root', errno.errorcode[error.errno])
try: open('/proc/1/environ', 'rb').read(); print('environ ok')
except OSError as error: print('environ', errno.errorcode[error.errno])
try: os.kill(1, 9); print('kill ok')
except OSError as error: print('kill', errno.errorcode[error.errno])
if os.fork() == 0: os._exit(0)
os.wait(); print('fork ok')
)"};
    return python;
  }()));
  EXPECT_EQ(
      done.output,
      "ptrace EPERM\nprocess_vm_readv EPERM\nio_uring_setup EPERM\nadd_key EPERM\nkeyctl EPERM\nunshare EPERM\n"
      "setns EPERM\nmount EPERM\nbpf EPERM\nclone-user EPERM\nclone3 ENOSYS\nchroot EPERM\npidfd_getfd EPERM\n"
      "open_by_handle_at EPERM\nuserfaultfd EPERM\nfamily 16 ok\nfamily 17 EAFNOSUPPORT\nfamily 38 EAFNOSUPPORT\n"
      "family 40 EAFNOSUPPORT\nfamily 21 EAFNOSUPPORT\nmem EACCES\nroot EACCES\nenviron EACCES\nkill EPERM\nfork ok\n")
      << done.error << done.ended.detail;
  EXPECT_TRUE(guest.is_running());
}

TEST(Confinement, EndsAProgramThatCallsByAnotherArchitecture) {
  const Guest guest;
  TestController controller(guest.channel());
  channel::Start python;
  python.program = "python3";
  // int 0x80: getpid by i386's number.
  python.arguments = {"python3", "-c", R"(
import ctypes, mmap
code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
code.write(b'\xb8\x14\x00\x00\x00\xcd\x80\xc3')
ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
)"};
  const Done done = controller.run(python);
  EXPECT_EQ(done.ended.cause, EndCause::signalled) << done.error;
  EXPECT_EQ(done.ended.signal, SIGSYS);
}

TEST(Confinement, ExecutesTheFileThatWasJudged) {
  GuestOptions options;
  options.prepare =
      "cp /bin/echo /mnt/tool; ln -s /bin/echo /mnt/link; cp /usr/bin/id /mnt/other;"
      "printf '#!/bin/sh\\necho judged\\n' >/mnt/script; printf '#!/bin/sh\\necho other\\n' >/mnt/script2;"
      "chmod 755 /mnt/script /mnt/script2; mkdir /mnt/dir /mnt/dir2; cp /bin/echo /mnt/dir/p; cp /usr/bin/id "
      "/mnt/dir2/p";
  Guest guest(options);
  TestController controller(guest.channel());
  struct Row {
    const char* program;
    const char* swap;
  };
  const Row rows[] = {{"/mnt/tool", "mv /mnt/other /mnt/tool"},
                      {"/mnt/link", "ln -sf /usr/bin/id /mnt/link"},
                      {"/mnt/dir/p", "mv /mnt/dir /mnt/gone; mv /mnt/dir2 /mnt/dir"},
                      {"/mnt/script", "mv /mnt/script2 /mnt/script"}};
  for (const Row& row : rows) {
    guest.pdp().before_answer = [&] { EXPECT_EQ(guest.inside(row.swap), 0); };
    channel::Start start;
    start.program = row.program;
    start.arguments = {"tool", "judged"};
    EXPECT_EQ(controller.run(start).output, "judged\n") << row.program;
  }
}

TEST(Confinement, SaysOfAPathWhoCouldChangeIt) {
  GuestOptions options;
  options.prepare =
      "cp /bin/true /mnt/work/mine; chown 1000 /mnt/work/mine; ln -s /bin/true /mnt/work/link;"
      "mkdir /mnt/safe; cp /bin/true /mnt/safe/tool; ln -s /mnt/safe/tool /mnt/safe/link;"
      "cp /bin/true /mnt/safe/open; chmod 777 /mnt/safe/open; mkdir -m 1777 /mnt/sticky; cp /bin/true /mnt/sticky/tool;"
      "ln -s ../work/mine /mnt/safe/away";
  Guest guest(options);
  TestController controller(guest.channel());
  struct Row {
    const char* program;
    bool stable;
  };
  const Row rows[] = {{"/mnt/work/mine", false}, {"/mnt/work/link", false}, {"/mnt/safe/tool", true},
                      {"/mnt/safe/link", true},  {"/mnt/safe/open", false}, {"/mnt/sticky/tool", false},
                      {"/mnt/safe/away", false}, {"/bin/true", true}};
  for (const Row& row : rows) {
    channel::Start start;
    start.program = row.program;
    controller.run(start);
    EXPECT_THAT(guest.pdp().questions().back(), HasSubstr(row.stable ? R"("stable":true)" : R"("stable":false)"))
        << row.program;
  }
}

TEST(Confinement, KeepsNeverWritablePathsHoweverTheyAreReached) {
  GuestOptions options;
  options.prepare =
      "mkdir -p /mnt/work/repo/.git/hooks /mnt/work/repo/src/.vscode /mnt/home/.ssh /mnt/home/.config/git;"
      "echo old >/mnt/work/repo/.git/hooks/pre-commit; echo old >/mnt/home/.bashrc; echo old >/mnt/home/.ssh/config;"
      "echo old >/mnt/work/repo/src/.vscode/tasks.json; echo old >/mnt/work/repo/.git/config;"
      "chown -R 1000:1000 /mnt/work /mnt/home";
  Guest guest(options);
  guest.pdp().allow(R"({"env":{"pass":["HOME","PATH"]},"write":["/mnt/home/**","/mnt/work/**"]})");
  TestController controller(guest.channel());
  const Done done = controller.sh(R"(
cd /mnt/work/repo
echo fine >src/file && echo fine >.git/config && echo fine >/mnt/home/notes && echo fine
echo new >.git/hooks/pre-commit
echo new >.git/hooks/post-commit
rm .git/hooks/pre-commit
mv .git/hooks .git/away
mv .git away
mv /mnt/work/repo /mnt/work/away
ln -s /mnt/work/repo/.git/hooks/pre-commit /mnt/work/soft; echo new >/mnt/work/soft
ln .git/hooks/pre-commit hard && echo new >hard
ln -s /mnt/home/.ssh /mnt/work/ssh; echo new >/mnt/work/ssh/config
echo new >/mnt/home/.bashrc; rm /mnt/home/.bashrc; mv /mnt/home/.bashrc /mnt/home/x; echo new >x; mv x /mnt/home/.bashrc
echo new >src/.vscode/tasks.json; mv src/.vscode src/x; mv src x
mount --bind /mnt/work /mnt/home/.ssh
umount .git/hooks
echo new >/proc/self/cwd/.git/hooks/pre-commit
cat .git/hooks/* /mnt/home/.bashrc /mnt/home/.ssh/config src/.vscode/tasks.json
)");
  EXPECT_EQ(done.output, "fine\nold\nold\nold\nold\n") << done.error;
  std::string seen;
  guest.inside("cd /mnt; ls work/repo work/repo/.git/hooks; cat work/repo/.git/hooks/* home/.bashrc home/.ssh/* ",
               &seen);
  EXPECT_THAT(seen, Not(HasSubstr("new")));
}

TEST(Confinement, StartsNothingOverANeverWritablePathThatItCannotHold) {
  GuestOptions options;
  options.prepare = "mkdir -p /mnt/work/a; echo old >/mnt/work/a/real; chown -R 1000:1000 /mnt/work";
  Guest guest(options);
  guest.pdp().allow(kWork);
  TestController controller(guest.channel());
  EXPECT_EQ(controller.sh("ln -s a/real /mnt/work/.bashrc; echo made").output, "made\n");
  EXPECT_THAT(controller.sh("echo ran").ended.detail, HasSubstr("`/mnt/work/.bashrc` is a link"));
  guest.inside("rm /mnt/work/.bashrc");
  EXPECT_EQ(controller.sh("ln /mnt/work/a/real /mnt/work/.bashrc; echo made").output, "made\n");
  EXPECT_THAT(controller.sh("echo ran").ended.detail, HasSubstr("`/mnt/work/.bashrc` has a second name"));
}

// What a root of the guest tries to connect, each a line of python that leaves `s` behind.
constexpr char kConnect[] = R"(
import socket, sys
def attempt(name, address, source=None, family=None):
    s = socket.socket(family or (socket.AF_INET6 if ':' in address else socket.AF_INET))
    s.settimeout(2)
    try:
        if source: s.bind((source, 0))
        s.connect((address, 2024))
        s.send(b'GET / HTTP/1.1\r\n\r\n')
        print(name, 'reached' if s.recv(1) is not None else '')
    except OSError as error: print(name, type(error).__name__)
    finally: s.close()
)";

TEST(ControlPort, IsClosedToTheGuestItself) {
  GuestOptions options;
  options.flags = {"--listen '[::]:2024'"};
  options.controllers = {"0.0.0.0/0", "::/0"};  // the list is not what holds here
  const Guest guest(options);
  std::string said;
  guest.inside(std::string("cat >/mnt/c.py <<'E'\n") + kConnect + R"(
attempt('loopback', '127.0.0.1')
attempt('other loopback', '127.9.9.9')
attempt('own', '10.77.0.2')
attempt('own from loopback', '10.77.0.2', '127.0.0.1')
attempt('zero', '0.0.0.0')
attempt('six', '::1')
attempt('six zero', '::')
attempt('own six', 'fd77::2')
attempt('mapped', '::ffff:127.0.0.1', None, socket.AF_INET6)
attempt('mapped own', '::ffff:10.77.0.2', None, socket.AF_INET6)
E
python3 /mnt/c.py
# An interface of its own, and a namespace behind it: what root with NET_ADMIN could make.
ip link add in0 type veth peer name in1
ip addr add 10.78.0.1/24 dev in0; ip link set in0 up
unshare --net sleep 20 & sleep 0.2
ip link set in1 netns $!
nsenter --net --target $! sh -c 'ip link set lo up; ip addr add 10.78.0.2/24 dev in1; ip link set in1 up; ip route add default via 10.78.0.1'
cat >/mnt/d.py <<'E'
)" + kConnect + R"(
attempt('nested to second', '10.78.0.1')
attempt('nested to control', '10.77.0.2')
E
nsenter --net --target $! python3 /mnt/d.py
kill $!
)",
               &said);
  EXPECT_THAT(said, Not(HasSubstr("reached")));
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 12) << said;
  EXPECT_EQ(TestController(guest.channel()).sh("echo on").output, "on\n");
  EXPECT_EQ(TestController(guest.channel(), kGuestAddress6).sh("echo on").output, "on\n");
}

TEST(ControlPort, IsClosedToWhoIsNotListed) {
  for (const std::vector<std::string>& controllers :
       {std::vector<std::string>{}, std::vector<std::string>{"10.77.0.3/32", "192.168.0.0/16"}}) {
    GuestOptions options;
    options.controllers = controllers;
    const Guest guest(options);
    boost::asio::io_context context(1);
    const auto stream = TestController::try_connect(context, guest.channel());
    ASSERT_FALSE(stream);
    EXPECT_THAT(stream.error().message, HasSubstr("onnection reset by peer"));
  }
}

TEST(ControlPort, TakesNobodyWithoutTheKey) {
  const Guest guest;
  auto other = *channel::make_channel(kSession, {});
  other.channel.certificate_sha256 = guest.channel().certificate_sha256;
  boost::asio::io_context context(1);
  const auto stream = TestController::try_connect(context, other.channel);
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().message, "the supervisor refuses: the channel's key is another");
}

TEST(ControlPort, IsLeftByAControllerWhoMeetsAnother) {
  const Guest guest;
  // A workload in the supervisor's place has neither its certificate nor its key.
  const auto other = *channel::make_channel(kSession, {});
  boost::asio::io_context context(1);
  const auto stream = TestController::try_connect(context, other.channel);
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().message, "who answers there is not this channel's supervisor: its certificate is another");
}

TEST(ControlPort, StaysOpenToTheControllerAfterOthersHeldHandshakes) {
  const Guest guest;
  EXPECT_EQ(std::system("python3 -c \"import socket,time\nheld=[socket.create_connection(('10.77.0.2',2024)) "
                        "for _ in range(20)]\ntime.sleep(0.2)\""),
            0);
  EXPECT_EQ(TestController(guest.channel()).sh("echo on").output, "on\n");
}

}  // namespace
}  // namespace portreeve::supervisor
