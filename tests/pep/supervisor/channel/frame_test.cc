#include "pep/supervisor/channel/frame.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "engine/base/limits.h"

namespace portreeve::channel {
namespace {

using namespace std::string_literals;

std::vector<Addressed<ToSupervisor>> every_to_supervisor() {
  Start start;
  start.program = "/bin/sh";
  start.arguments = {"sh", "", "-c"};
  start.environment = {"A=1"};
  start.directory = "/work";
  start.user = "sandbox";
  start.terminal = Size{24, 80};
  start.window = 1u << 20;
  start.wall_seconds = 60;
  start.input = false;
  return {{0, Hello{1, 2, {"a", "b"}, "test/1"}},
          {1, start},
          {2, Start{.program = "ls"}},
          {7, Input{"\0bytes"s}},
          {7, InputEnd{}},
          {7, Window{Stream::error, 4096}},
          {0xffff'ffff, Signal{15}},
          {7, Resize{{1, 2}}},
          {7, Secret{"api-key", "s\0cret"s}},
          {0, Credential{"token"}},
          {0, Shutdown{5000}}};
}

std::vector<Addressed<ToController>> every_to_controller() {
  return {{0, Welcome{1, {"terminal"}, "supervisor/1", "ses_1", 64, 1024}},
          {1, Started{42, "dec_1"}},
          {1, Output{Stream::output, "out"}},
          {1, Output{Stream::error, "err"}},
          {1, OutputEnd{Stream::error}},
          {1, Room{10}},
          {1, Ended{EndCause::revoked, 3, 9, "dec_1", "revoked", "why", 17}},
          {0, Failure{ErrorCode::credential, "why"}},
          {0, Stopping{}},
          {0, CredentialTaken{}}};
}

TEST(ControlFrame, ReadsBackEveryMessage) {
  for (const auto& message : every_to_supervisor()) {
    const auto read = read_to_supervisor(encode(message.process, message.message));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, message);
  }
  for (const auto& message : every_to_controller()) {
    const auto read = read_to_controller(encode(message.process, message.message));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, message);
  }
}

TEST(ControlFrame, WritesTheBytesOfThePage) {
  EXPECT_EQ(encode(7, ToSupervisor(Signal{15})), "\x06\0\0\0\x07\x01\0\0\0\x01\x0f"s);
  EXPECT_EQ(encode(0x01020304, ToController(Output{Stream::error, "x"})), "\x44\x01\x02\x03\x04x"s);
  EXPECT_EQ(encode(1, ToController(Room{258})), "\x46\0\0\0\x01\x01\0\0\0\x04\0\0\x01\x02"s);
  EXPECT_EQ(encode(0, ToController(Stopping{})), "\x49\0\0\0\0"s);
}

TEST(ControlFrame, RefusesWhatThePageDoesNotAllow) {
  const std::string long_name(limits::kChannelNameBytes + 1, 'n');
  const auto field = [](char tag, std::string_view value) {
    std::string out(1, tag);
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value.size() >> shift & 0xff);
    return out.append(value);
  };
  struct Row {
    std::string bytes;
    const char* error;
  };
  const Row rows[] = {
      {"", "the message is shorter than its header"},
      {"\x01\0\0\0"s, "the message is shorter than its header"},
      {std::string(limits::kChannelMessageBytes + 1, '\x01'), "the message is too long"},
      {"\0\0\0\0\0"s, "message 0x00 is unknown here"},
      {"\x7f\0\0\0\0"s, "message 0x7f is unknown here"},
      {"\x41\0\0\0\0"s, "message 0x41 is unknown here"},
      {"\x01\0\0\0\x01"s, "the message is about no process, and names one"},
      {"\x02\0\0\0\0"s, "the message is about a process, and names none"},
      {"\x03\0\0\0\0x"s, "the message is about a process, and names none"},
      {"\x03\0\0\0\x01"s, "a message of no bytes"},
      {"\x03\0\0\0\x01"s + std::string(limits::kChannelDataBytes + 1, 'x'), "more bytes than one message may carry"},
      {"\x02\0\0\0\x01"s, "a start without a program"},
      {"\x02\0\0\0\x01"s + field(1, "/a\0b"s), "a NUL in a start"},
      {"\x02\0\0\0\x01"s + field(1, "/a") + field(1, "/b"), "message 0x02: field 1 stands twice"},
      {"\x02\0\0\0\x01"s + field(1, ""), "message 0x02: field 1 is too long, or no value of its kind"},
      {"\x02\0\0\0\x01"s + field(1, "/a") + field(9, "\x02"),
       "message 0x02: field 9 is too long, or no value of its kind"},
      {"\x02\0\0\0\x01"s + field(1, "/a") + field(7, "\x01"),
       "message 0x02: field 7 is too long, or no value of its kind"},
      {"\x02\0\0\0\x01"s + field(1, "/a") + field(5, long_name),
       "message 0x02: field 5 is too long, or no value of its kind"},
      {"\x02\0\0\0\x01"s + field(1, "/a") + field(10, "x"), "message 0x02: field 10 is unknown"},
      {"\x02\0\0\0\x01\x01\xff\xff\xff\xff"s, "message 0x02: a field is longer than the message"},
      {"\x02\0\0\0\x01\x01\0\0"s, "message 0x02: a field is longer than the message"},
      {"\x05\0\0\0\x01"s + field(1, "\x03"), "message 0x05: field 1 is too long, or no value of its kind"},
      {"\x08\0\0\0\x01"s + field(2, "x"), "a secret's name is of letters, digits, `_`, `.` and `-`"},
      {"\x08\0\0\0\x01"s + field(1, "a:b"), "a secret's name is of letters, digits, `_`, `.` and `-`"},
      {"\x09\0\0\0\0"s, "a credential without a token"},
  };
  for (const Row& row : rows) {
    const auto read = read_to_supervisor(row.bytes);
    ASSERT_FALSE(read) << testing::PrintToString(row.bytes.substr(0, 60));
    EXPECT_EQ(read.error().message, row.error) << testing::PrintToString(row.bytes.substr(0, 60));
  }
  EXPECT_FALSE(read_to_controller("\x02\0\0\0\x01"s));
  EXPECT_FALSE(read_to_controller("\x47\0\0\0\x01"s + field(1, "\x09")));
  EXPECT_FALSE(read_to_controller("\x47\0\0\0\x01"s + field(1, "\0"s)));
}

TEST(ControlFrame, PassesOverWhatLaterVersionsAdd) {
  EXPECT_EQ(read_to_supervisor("\x80\0\0\0\x05later"s)->message, ToSupervisor(Unknown{}));
  const auto start = read_to_supervisor("\x02\0\0\0\x01\x01\0\0\0\x02/a\x80\0\0\0\x03new\x80\0\0\0\0"s);
  ASSERT_TRUE(start) << start.error().message;
  EXPECT_EQ(std::get<Start>(start->message).program, "/a");
}

// Flip each byte, cut at each place: read or refused, never more.
TEST(ControlFrame, SurvivesEveryChangeOfAByte) {
  for (const auto& message : every_to_supervisor()) {
    const std::string good = encode(message.process, message.message);
    for (std::size_t i = 0; i < good.size(); ++i) {
      static_cast<void>(read_to_supervisor(good.substr(0, i)));
      for (int bit = 0; bit < 8; ++bit) {
        std::string bad = good;
        bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
        if (const auto read = read_to_supervisor(bad)) {
          EXPECT_EQ(*read_to_supervisor(encode(read->process, read->message)), *read) << testing::PrintToString(bad);
        }
      }
    }
  }
}

TEST(ControlFrame, ReadsRandomBytesToTheirEnd) {
  const unsigned seed = 20261125;
  std::mt19937 dice(seed);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(dice() % 40, '\0');
    for (char& byte : bytes) byte = static_cast<char>(dice() % 12);
    if (const auto read = read_to_supervisor(bytes)) {
      EXPECT_EQ(*read_to_supervisor(encode(read->process, read->message)), *read) << seed << " " << i;
    }
  }
}

}  // namespace
}  // namespace portreeve::channel
