#include "tools/portreeve/raw_terminal.h"

#include <fcntl.h>
#include <sys/ioctl.h>

namespace portreeve::cli {

RawTerminal::RawTerminal(int fd) : fd_(fd) {
  termios now{};
  if (tcgetattr(fd, &now) != 0) return;
  before_ = now;
  cfmakeraw(&now);
  tcsetattr(fd, TCSANOW, &now);
}

RawTerminal::~RawTerminal() {
  if (before_) tcsetattr(fd_, TCSANOW, &*before_);
}

channel::Size size_of_terminal(int fd) {
  winsize window{};
  if (ioctl(fd, TIOCGWINSZ, &window) != 0 || window.ws_col == 0) return {24, 80};
  return {window.ws_row, window.ws_col};
}

KeptFlags::KeptFlags(int fd) : fd_(fd), flags_(fcntl(fd, F_GETFL)) {}
KeptFlags::~KeptFlags() {
  if (flags_ >= 0) fcntl(fd_, F_SETFL, flags_);
}

}  // namespace portreeve::cli
