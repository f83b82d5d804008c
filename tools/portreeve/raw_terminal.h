// The user's own terminal, given over to a program elsewhere.
#pragma once

#include <termios.h>

#include <optional>

#include "pep/supervisor/channel/frame.h"

namespace portreeve::cli {

// From construction to destruction every key goes through as it is. Only where `fd` is a terminal.
class RawTerminal {
 public:
  explicit RawTerminal(int fd);
  ~RawTerminal();
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

 private:
  const int fd_;
  std::optional<termios> before_;
};

// The size of the terminal; 24 rows of 80 columns where it is none.
channel::Size size_of_terminal(int fd);

// Keeps the flags of a descriptor that others share, and puts them back.
class KeptFlags {
 public:
  explicit KeptFlags(int fd);
  ~KeptFlags();
  KeptFlags(const KeptFlags&) = delete;
  KeptFlags& operator=(const KeptFlags&) = delete;

 private:
  const int fd_;
  const int flags_;
};

}  // namespace portreeve::cli
