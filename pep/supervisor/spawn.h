// From a judged program to a running one: everything that confines it, applied before it is executed.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/wire/decision.h"
#include "pep/supervisor/confine/cgroup.h"
#include "pep/supervisor/descriptor.h"
#include "pep/supervisor/program.h"
#include "pep/supervisor/sandbox_user.h"

namespace portreeve::supervisor {

class Judge;

// A program that a decision allowed to be executed, with what that decision obliges to. Only Judge makes one, of an
// allowing answer; spawn() takes nothing else, so that what was judged is what is executed.
class JudgedProgram {
 public:
  const OpenedProgram& program() const { return program_; }
  const wire::ExecObligations& obligations() const { return obligations_; }
  const std::string& decision() const { return decision_; }

 private:
  friend class Judge;
  JudgedProgram(OpenedProgram program, wire::ExecObligations obligations, std::string decision)
      : program_(std::move(program)), obligations_(std::move(obligations)), decision_(std::move(decision)) {}
  OpenedProgram program_;
  wire::ExecObligations obligations_;
  std::string decision_;
};

// What a process reads and writes. With a terminal all three are its other side.
struct ChildStreams {
  Descriptor input, output, error;
  std::string terminal;  // its path; empty without one
};

struct SpawnRequest {
  const JudgedProgram* program = nullptr;
  wire::ExecLimits limits;               // the obligations', or less
  std::vector<std::string> arguments;    // argv
  std::vector<std::string> environment;  // scrubbed, NAME=VALUE
  OpenedFolder folder;
  SandboxUser user;
  ChildStreams streams;
  std::vector<Descriptor> secrets;  // become 3, 4, …
  const StartGroup* group = nullptr;
};

struct Spawned {
  pid_t pid = 0;
  Descriptor pidfd;
  Descriptor verdict;  // readable: EOF once the program runs, or what kept it from that (read_verdict)
};

// Forks. What the child then does, in this order: its own session, and the terminal to control it; the cgroups; the
// never-writable paths, in a mount namespace of its own; the Landlock rules; rlimits; streams and secrets; the bounding
// set, groups and user; the working folder; capabilities; no_new_privs; Landlock; every other descriptor closed; the
// system call filter; the program, by its descriptor. Whatever fails ends it before the program runs.
// Requires: every signal blocked by the caller until it has noted the pid.
Result<Spawned> spawn(const SpawnRequest& request);

// The last bytes of `verdict`, in words.
std::string read_verdict(std::string_view bytes);

}  // namespace portreeve::supervisor
