#include "pep/supervisor/terminal.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "pep/supervisor/system_error.h"

namespace portreeve::supervisor {

Result<TerminalPair> open_terminal(const SandboxUser& user, channel::Size size) {
  TerminalPair pair;
  pair.ours = Descriptor(open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
  int unlock = 0;
  unsigned number = 0;
  if (!pair.ours || ioctl(pair.ours.get(), TIOCSPTLCK, &unlock) != 0 ||
      ioctl(pair.ours.get(), TIOCGPTN, &number) != 0) {
    return system_fail("no terminal can be opened");
  }
  pair.theirs = Descriptor(ioctl(pair.ours.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!pair.theirs) return system_fail("no terminal can be opened");
  if (fchown(pair.theirs.get(), user.uid, user.gid) != 0 || fchmod(pair.theirs.get(), 0600) != 0) {
    return system_fail("the terminal cannot be given to its user");
  }
  if (auto status = resize_terminal(pair.ours.get(), size); !status) return fail(status.error());
  pair.path = "/dev/pts/" + std::to_string(number);
  return pair;
}

Status resize_terminal(int fd, channel::Size size) {
  winsize window{};
  window.ws_row = size.rows;
  window.ws_col = size.columns;
  if (ioctl(fd, TIOCSWINSZ, &window) != 0) return system_fail("the terminal cannot be resized");
  return {};
}

}  // namespace portreeve::supervisor
