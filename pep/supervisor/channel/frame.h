// The control channel's messages as bytes. Frozen: docs/control-channel.md
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/base/result.h"

namespace portreeve::channel {

inline constexpr std::uint16_t kOldestVersion = 1;
inline constexpr std::uint16_t kNewestVersion = 1;

// The number by which the controller calls a process, new for each start; 0 is the connection itself.
using ProcessNumber = std::uint32_t;

enum class Stream : std::uint8_t { output = 1, error = 2 };

// How a process ended, or why it never began. Frozen: docs/control-channel.md
enum class EndCause : std::uint8_t {
  exited = 1,
  signalled = 2,
  wall_limit = 3,
  cpu_limit = 4,
  out_of_memory = 5,
  refused = 6,
  shutting_down = 7,
  revoked = 8,
};
std::string_view to_text(EndCause cause);

// Why a connection is ended by its peer. Frozen: docs/control-channel.md
enum class ErrorCode : std::uint8_t {
  protocol = 1,    // a message that the page does not allow, or not here
  version = 2,     // no version in common
  too_many = 3,    // more than the welcome allows
  flow = 4,        // more bytes than the window had room for
  stopping = 5,    // the supervisor stops
  credential = 6,  // a credential that is none
};
std::string_view to_text(ErrorCode code);

struct Size {
  std::uint16_t rows = 0, columns = 0;
  friend bool operator==(const Size&, const Size&) = default;
};

// Controller to supervisor.
struct Hello {
  std::uint16_t oldest = kOldestVersion, newest = kNewestVersion;
  std::vector<std::string> capabilities;
  std::string agent;  // its name and version, for the log
  friend bool operator==(const Hello&, const Hello&) = default;
};
struct Start {
  std::string program;                   // an absolute path, or a bare name to be looked for in the usual folders
  std::vector<std::string> arguments;    // argv, the program's name first
  std::vector<std::string> environment;  // NAME=VALUE
  std::string directory;                 // empty: the user's
  std::string user;                      // empty: the sandbox's
  std::optional<Size> terminal;          // absent: pipes
  std::uint32_t window = 0;              // how many bytes of each stream may come at once
  std::uint32_t wall_seconds = 0;        // 0: what policy says
  bool input = true;                     // false: nothing to read
  friend bool operator==(const Start&, const Start&) = default;
};
struct Input {
  std::string bytes;
  friend bool operator==(const Input&, const Input&) = default;
};
struct InputEnd {
  friend bool operator==(const InputEnd&, const InputEnd&) = default;
};
// Room for so many more bytes of a stream. Towards the supervisor it names the stream, towards the controller it is the
// process's input.
struct Window {
  Stream stream = Stream::output;
  std::uint32_t bytes = 0;
  friend bool operator==(const Window&, const Window&) = default;
};
struct Signal {
  std::uint8_t number = 0;
  friend bool operator==(const Signal&, const Signal&) = default;
};
struct Resize {
  Size size;
  friend bool operator==(const Resize&, const Resize&) = default;
};
// What a process that is to be started with this number gets as an inherited descriptor. Sent before its start.
struct Secret {
  std::string name;   // [A-Za-z0-9_.-]+
  std::string bytes;  // wiped by who takes it
  friend bool operator==(const Secret&, const Secret&) = default;
};
struct Credential {
  std::string token;
  friend bool operator==(const Credential&, const Credential&) = default;
};
struct Shutdown {
  std::uint32_t grace_millis = 0;
  friend bool operator==(const Shutdown&, const Shutdown&) = default;
};

// Supervisor to controller.
struct Welcome {
  std::uint16_t version = kNewestVersion;
  std::vector<std::string> capabilities;
  std::string agent;
  std::string session;
  std::uint32_t processes = 0;     // at most so many at once
  std::uint32_t input_window = 0;  // what a process's input has room for at its start
  friend bool operator==(const Welcome&, const Welcome&) = default;
};
struct Started {
  std::uint32_t pid = 0;
  std::string decision;
  friend bool operator==(const Started&, const Started&) = default;
};
struct Output {
  Stream stream = Stream::output;
  std::string bytes;
  friend bool operator==(const Output&, const Output&) = default;
};
struct OutputEnd {
  Stream stream = Stream::output;
  friend bool operator==(const OutputEnd&, const OutputEnd&) = default;
};
struct Room {  // for input
  std::uint32_t bytes = 0;
  friend bool operator==(const Room&, const Room&) = default;
};
struct Ended {
  EndCause cause = EndCause::exited;
  std::uint8_t status = 0;  // where it exited
  std::uint8_t signal = 0;  // where a signal ended it
  std::string decision;     // its id; empty where none was made
  std::string reason;       // of a refusal: a reason code
  std::string detail;       // of a refusal, for a person
  std::uint32_t millis = 0;
  friend bool operator==(const Ended&, const Ended&) = default;
};
struct Failure {
  ErrorCode code = ErrorCode::protocol;
  std::string detail;
  friend bool operator==(const Failure&, const Failure&) = default;
};
struct Stopping {
  friend bool operator==(const Stopping&, const Stopping&) = default;
};
struct CredentialTaken {
  friend bool operator==(const CredentialTaken&, const CredentialTaken&) = default;
};
// A message of a later version that may be passed over.
struct Unknown {
  friend bool operator==(const Unknown&, const Unknown&) = default;
};

using ToSupervisor =
    std::variant<Hello, Start, Input, InputEnd, Window, Signal, Resize, Secret, Credential, Shutdown, Unknown>;
using ToController =
    std::variant<Welcome, Started, Output, OutputEnd, Room, Ended, Failure, Stopping, CredentialTaken, Unknown>;

template <class Message>
struct Addressed {
  ProcessNumber process = 0;
  Message message;
  friend bool operator==(const Addressed&, const Addressed&) = default;
};

// The bytes of one WebSocket message.
std::string encode(ProcessNumber process, const ToSupervisor& message);
std::string encode(ProcessNumber process, const ToController& message);

// The header of an Output, for senders that append the bytes themselves: five bytes.
inline constexpr std::size_t kFrameHeaderBytes = 5;
void write_output_header(char* five_bytes, ProcessNumber process, Stream stream);

// Fail for whatever docs/control-channel.md does not allow: another type, a number where there has to be none or none
// where there has to be one, a field missing, twice, unknown or too long, bytes left over. Any thread.
Result<Addressed<ToSupervisor>> read_to_supervisor(std::string_view bytes);
Result<Addressed<ToController>> read_to_controller(std::string_view bytes);

}  // namespace portreeve::channel
