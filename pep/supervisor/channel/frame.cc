#include "pep/supervisor/channel/frame.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "engine/base/limits.h"
#include "pep/supervisor/channel/fields.h"

namespace portreeve::channel {

namespace {

// Frozen: docs/control-channel.md
enum class Type : std::uint8_t {
  hello = 0x01,
  start = 0x02,
  input = 0x03,
  input_end = 0x04,
  window = 0x05,
  signal = 0x06,
  resize = 0x07,
  secret = 0x08,
  credential = 0x09,
  shutdown = 0x0a,
  welcome = 0x41,
  started = 0x42,
  output = 0x43,
  error_output = 0x44,
  output_end = 0x45,
  room = 0x46,
  ended = 0x47,
  failure = 0x48,
  stopping = 0x49,
  credential_taken = 0x4a,
};
constexpr std::uint8_t kOptionalType = 0x80;

enum class About : std::uint8_t { connection, process };

// Writes what describe() names.
class Writer {
 public:
  explicit Writer(std::string& out) : fields_(out) {}
  template <class Number>
  void number(std::uint8_t tag, const Number& value) {
    fields_.number(tag, static_cast<std::uint64_t>(value), sizeof value);
  }
  template <class Enum>
  void closed(std::uint8_t tag, const Enum& value, Enum, Enum) {
    fields_.number(tag, static_cast<std::uint64_t>(value), 1);
  }
  void flag(std::uint8_t tag, bool value) { fields_.number(tag, value ? 1 : 0, 1); }
  void text(std::uint8_t tag, const std::string& value, std::size_t) {
    if (!value.empty()) fields_.text(tag, value);
  }
  void list(std::uint8_t tag, const std::vector<std::string>& values, std::size_t, std::size_t) {
    for (const std::string& value : values) fields_.text(tag, value);
  }
  void size(std::uint8_t tag, const std::optional<Size>& value) {
    if (!value) return;
    fields_.number(tag, static_cast<std::uint64_t>(value->rows) << 16 | value->columns, 4);
  }

 private:
  FieldWriter fields_;
};

// One call a field, made once for each field of the body: takes it where the tag is the one asked for.
class Taker {
 public:
  explicit Taker(Field field) : field_(field) {}
  bool taken() const { return taken_; }
  bool bad() const { return bad_; }

  template <class Number>
  void number(std::uint8_t tag, Number& value) {
    if (!is(tag)) return;
    if (field_.value.size() != sizeof value) return spoil();
    value = static_cast<Number>(number_of(field_.value));
  }
  template <class Enum>
  void closed(std::uint8_t tag, Enum& value, Enum first, Enum last) {
    if (!is(tag)) return;
    if (field_.value.size() != 1) return spoil();
    const auto given = static_cast<std::uint8_t>(field_.value.front());
    if (given < static_cast<std::uint8_t>(first) || given > static_cast<std::uint8_t>(last)) return spoil();
    value = static_cast<Enum>(given);
  }
  void flag(std::uint8_t tag, bool& value) {
    if (!is(tag)) return;
    if (field_.value != std::string_view("\0", 1) && field_.value != "\1") return spoil();
    value = field_.value == "\1";
  }
  void text(std::uint8_t tag, std::string& value, std::size_t most) {
    if (!is(tag)) return;
    if (field_.value.empty() || field_.value.size() > most) return spoil();
    value = field_.value;
  }
  void list(std::uint8_t tag, std::vector<std::string>& values, std::size_t most, std::size_t most_bytes) {
    if (!is(tag)) return;
    repeats_ = true;
    if (values.size() == most || field_.value.size() > most_bytes) return spoil();
    values.emplace_back(field_.value);
  }
  void size(std::uint8_t tag, std::optional<Size>& value) {
    if (!is(tag)) return;
    if (field_.value.size() != 4) return spoil();
    const std::uint64_t both = number_of(field_.value);
    value = Size{static_cast<std::uint16_t>(both >> 16), static_cast<std::uint16_t>(both & 0xffff)};
  }
  bool repeats() const { return repeats_; }

 private:
  bool is(std::uint8_t tag) { return field_.tag == tag && (taken_ = true); }
  void spoil() { bad_ = true; }
  const Field field_;
  bool taken_ = false;
  bool bad_ = false;
  bool repeats_ = false;
};

// The fields of each message. Frozen: docs/control-channel.md
namespace sizes = limits;

template <class M, class V>
void describe_hello(M& m, V& v) {
  v.number(1, m.oldest);
  v.number(2, m.newest);
  v.list(3, m.capabilities, sizes::kChannelCapabilities, sizes::kChannelNameBytes);
  v.text(4, m.agent, sizes::kChannelNameBytes);
}
template <class M, class V>
void describe_start(M& m, V& v) {
  v.text(1, m.program, sizes::kChannelPathBytes);
  v.list(2, m.arguments, sizes::kChannelArguments, sizes::kChannelArgumentBytes);
  v.list(3, m.environment, sizes::kChannelArguments, sizes::kChannelArgumentBytes);
  v.text(4, m.directory, sizes::kChannelPathBytes);
  v.text(5, m.user, sizes::kChannelNameBytes);
  v.size(6, m.terminal);
  v.number(7, m.window);
  v.number(8, m.wall_seconds);
  v.flag(9, m.input);
}
template <class M, class V>
void describe_secret(M& m, V& v) {
  v.text(1, m.name, sizes::kChannelNameBytes);
  v.text(2, m.bytes, sizes::kChannelSecretBytes);
}
template <class M, class V>
void describe_welcome(M& m, V& v) {
  v.number(1, m.version);
  v.list(2, m.capabilities, sizes::kChannelCapabilities, sizes::kChannelNameBytes);
  v.text(3, m.agent, sizes::kChannelNameBytes);
  v.text(4, m.session, sizes::kChannelNameBytes);
  v.number(5, m.processes);
  v.number(6, m.input_window);
}
template <class M, class V>
void describe_ended(M& m, V& v) {
  v.closed(1, m.cause, EndCause::exited, EndCause::revoked);
  v.number(2, m.status);
  v.number(3, m.signal);
  v.text(4, m.decision, sizes::kChannelNameBytes);
  v.text(5, m.reason, sizes::kChannelNameBytes);
  v.text(6, m.detail, sizes::kChannelDetailBytes);
  v.number(7, m.millis);
}

// What becomes of each message: its type, whether it names a process, and its fields (`body`: bytes instead).
template <class M>
struct Form;
#define PORTREEVE_FORM(NAME, TYPE, ABOUT, ...)                           \
  template <>                                                            \
  struct Form<NAME> {                                                    \
    static constexpr Type kType = Type::TYPE;                            \
    static constexpr About kAbout = About::ABOUT;                        \
    template <class M, class V>                                          \
    static void describe([[maybe_unused]] M& m, [[maybe_unused]] V& v) { \
      __VA_ARGS__;                                                       \
    }                                                                    \
  }
PORTREEVE_FORM(Hello, hello, connection, describe_hello(m, v));
PORTREEVE_FORM(Start, start, process, describe_start(m, v));
PORTREEVE_FORM(InputEnd, input_end, process, );
PORTREEVE_FORM(Window, window, process, v.closed(1, m.stream, Stream::output, Stream::error); v.number(2, m.bytes));
PORTREEVE_FORM(Signal, signal, process, v.number(1, m.number));
PORTREEVE_FORM(Secret, secret, process, describe_secret(m, v));
PORTREEVE_FORM(Credential, credential, connection, v.text(1, m.token, sizes::kTokenBytes));
PORTREEVE_FORM(Shutdown, shutdown, connection, v.number(1, m.grace_millis));
PORTREEVE_FORM(Resize, resize, process, v.number(1, m.size.rows); v.number(2, m.size.columns));
PORTREEVE_FORM(Welcome, welcome, connection, describe_welcome(m, v));
PORTREEVE_FORM(Started, started, process, v.number(1, m.pid); v.text(2, m.decision, sizes::kChannelNameBytes));
PORTREEVE_FORM(OutputEnd, output_end, process, v.closed(1, m.stream, Stream::output, Stream::error));
PORTREEVE_FORM(Room, room, process, v.number(1, m.bytes));
PORTREEVE_FORM(Ended, ended, process, describe_ended(m, v));
PORTREEVE_FORM(Failure, failure, connection, v.closed(1, m.code, ErrorCode::protocol, ErrorCode::credential);
               v.text(2, m.detail, sizes::kChannelDetailBytes));
PORTREEVE_FORM(Stopping, stopping, connection, );
PORTREEVE_FORM(CredentialTaken, credential_taken, connection, );
#undef PORTREEVE_FORM

void append_header(std::string& out, Type type, ProcessNumber process) {
  out.push_back(static_cast<char>(type));
  append_number(out, process, 4);
}

template <class M>
std::string encode_fields(ProcessNumber process, const M& message) {
  std::string out;
  append_header(out, Form<M>::kType, process);
  Writer writer(out);
  Form<M>::describe(message, writer);
  return out;
}

std::string encode_bytes(Type type, ProcessNumber process, std::string_view bytes) {
  std::string out;
  out.reserve(kFrameHeaderBytes + bytes.size());
  append_header(out, type, process);
  out += bytes;
  return out;
}

template <class M>
Result<M> read_fields(std::string_view body) {
  M message;
  FieldReader reader(body);
  bool seen[kOptionalTag] = {};
  while (const auto field = reader.next()) {
    if (field->tag >= kOptionalTag) continue;
    Taker taker(*field);
    Form<M>::describe(message, taker);
    if (!taker.taken()) return fail(fmt::format("field {} is unknown", field->tag));
    if (taker.bad()) return fail(fmt::format("field {} is too long, or no value of its kind", field->tag));
    if (seen[field->tag] && !taker.repeats()) return fail(fmt::format("field {} stands twice", field->tag));
    seen[field->tag] = true;
  }
  if (reader.failed()) return fail("a field is longer than the message");
  return message;
}

struct Header {
  std::uint8_t type = 0;
  ProcessNumber process = 0;
  std::string_view body;
};

Result<Header> read_header(std::string_view bytes) {
  if (bytes.size() > limits::kChannelMessageBytes) return fail("the message is too long");
  if (bytes.size() < kFrameHeaderBytes) return fail("the message is shorter than its header");
  return Header{static_cast<std::uint8_t>(bytes.front()), static_cast<ProcessNumber>(number_of(bytes.substr(1, 4))),
                bytes.substr(kFrameHeaderBytes)};
}

template <class Union, class M>
bool take_if(const Header& header, std::optional<Result<Addressed<Union>>>& taken) {
  if (header.type != static_cast<std::uint8_t>(Form<M>::kType)) return false;
  if ((header.process == 0) != (Form<M>::kAbout == About::connection)) {
    taken = fail(Form<M>::kAbout == About::connection ? "the message is about no process, and names one"
                                                      : "the message is about a process, and names none");
    return true;
  }
  auto message = read_fields<M>(header.body);
  if (message) {
    taken = Addressed<Union>{header.process, std::move(*message)};
  } else {
    taken = fail(fmt::format("message 0x{:02x}: {}", header.type, message.error().message));
  }
  return true;
}

template <class Union>
Result<Addressed<Union>> unknown(const Header& header) {
  if (header.type >= kOptionalType) return Addressed<Union>{header.process, Unknown{}};
  return fail(fmt::format("message 0x{:02x} is unknown here", header.type));
}

Status check_data(const Header& header) {
  if (header.process == 0) return fail("the message is about a process, and names none");
  if (header.body.empty()) return fail("a message of no bytes");
  if (header.body.size() > limits::kChannelDataBytes) return fail("more bytes than one message may carry");
  return {};
}

Status check(const ToSupervisor& message) {
  if (const auto* start = std::get_if<Start>(&message)) {
    if (start->program.empty()) return fail("a start without a program");
    std::size_t total = start->arguments.size() + start->environment.size();
    for (const auto& text : start->arguments) total += text.size();
    for (const auto& text : start->environment) total += text.size();
    if (total > limits::kChannelStartBytes) return fail("arguments and environment are too long");
    const auto has_nul = [](const std::string& text) { return text.find('\0') != std::string::npos; };
    if (has_nul(start->program) || has_nul(start->directory) || has_nul(start->user) ||
        std::ranges::any_of(start->arguments, has_nul) || std::ranges::any_of(start->environment, has_nul)) {
      return fail("a NUL in a start");
    }
  }
  if (const auto* secret = std::get_if<Secret>(&message)) {
    const bool named = !secret->name.empty() && std::ranges::all_of(secret->name, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
             c == '-';
    });
    if (!named) return fail("a secret's name is of letters, digits, `_`, `.` and `-`");
  }
  if (const auto* credential = std::get_if<Credential>(&message); credential != nullptr && credential->token.empty()) {
    return fail("a credential without a token");
  }
  return {};
}

}  // namespace

std::string_view to_text(EndCause cause) {
  switch (cause) {
    case EndCause::exited:
      return "exited";
    case EndCause::signalled:
      return "signalled";
    case EndCause::wall_limit:
      return "wall-limit";
    case EndCause::cpu_limit:
      return "cpu-limit";
    case EndCause::out_of_memory:
      return "out-of-memory";
    case EndCause::refused:
      return "refused";
    case EndCause::shutting_down:
      return "shutting-down";
    case EndCause::revoked:
      return "revoked";
  }
  return "refused";
}

std::string_view to_text(ErrorCode code) {
  switch (code) {
    case ErrorCode::protocol:
      return "protocol";
    case ErrorCode::version:
      return "version";
    case ErrorCode::too_many:
      return "too-many";
    case ErrorCode::flow:
      return "flow";
    case ErrorCode::stopping:
      return "stopping";
    case ErrorCode::credential:
      return "credential";
  }
  return "protocol";
}

std::string encode(ProcessNumber process, const ToSupervisor& message) {
  return std::visit(
      [process]<class M>(const M& m) {
        if constexpr (std::is_same_v<M, Input>) {
          return encode_bytes(Type::input, process, m.bytes);
        } else if constexpr (std::is_same_v<M, Unknown>) {
          return encode_bytes(static_cast<Type>(kOptionalType), process, {});
        } else {
          return encode_fields(process, m);
        }
      },
      message);
}

std::string encode(ProcessNumber process, const ToController& message) {
  return std::visit(
      [process]<class M>(const M& m) {
        if constexpr (std::is_same_v<M, Output>) {
          return encode_bytes(m.stream == Stream::output ? Type::output : Type::error_output, process, m.bytes);
        } else if constexpr (std::is_same_v<M, Unknown>) {
          return encode_bytes(static_cast<Type>(kOptionalType), process, {});
        } else {
          return encode_fields(process, m);
        }
      },
      message);
}

void write_output_header(char* five_bytes, ProcessNumber process, Stream stream) {
  five_bytes[0] = static_cast<char>(stream == Stream::output ? Type::output : Type::error_output);
  for (int i = 0; i < 4; ++i) five_bytes[1 + i] = static_cast<char>(process >> (24 - 8 * i) & 0xff);
}

Result<Addressed<ToSupervisor>> read_to_supervisor(std::string_view bytes) {
  TRY_ASSIGN(const Header header, read_header(bytes));
  if (header.type == static_cast<std::uint8_t>(Type::input)) {
    if (auto status = check_data(header); !status) return fail(status.error());
    return Addressed<ToSupervisor>{header.process, Input{std::string(header.body)}};
  }
  std::optional<Result<Addressed<ToSupervisor>>> taken;
  const auto any = [&]<class... M>(std::variant<M...>*) { return (take_if<ToSupervisor, M>(header, taken) || ...); };
  if (!any(static_cast<std::variant<Hello, Start, InputEnd, Window, Signal, Resize, Secret, Credential, Shutdown>*>(
          nullptr))) {
    return unknown<ToSupervisor>(header);
  }
  if (*taken) {
    if (auto status = check((*taken)->message); !status) return fail(status.error());
  }
  return std::move(*taken);
}

Result<Addressed<ToController>> read_to_controller(std::string_view bytes) {
  TRY_ASSIGN(const Header header, read_header(bytes));
  const bool output = header.type == static_cast<std::uint8_t>(Type::output);
  if (output || header.type == static_cast<std::uint8_t>(Type::error_output)) {
    if (auto status = check_data(header); !status) return fail(status.error());
    return Addressed<ToController>{header.process,
                                   Output{output ? Stream::output : Stream::error, std::string(header.body)}};
  }
  std::optional<Result<Addressed<ToController>>> taken;
  const auto any = [&]<class... M>(std::variant<M...>*) { return (take_if<ToController, M>(header, taken) || ...); };
  if (!any(static_cast<std::variant<Welcome, Started, OutputEnd, Room, Ended, Failure, Stopping, CredentialTaken>*>(
          nullptr))) {
    return unknown<ToController>(header);
  }
  return std::move(*taken);
}

}  // namespace portreeve::channel
