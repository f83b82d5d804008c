#include "pep/supervisor/channel/frame.h"
#include "pep/supervisor/channel/keys.h"
#include "tests/fuzz/input.h"

using namespace portreeve::channel;

// What is read, written and read again is the same; and the two documents are read or refused.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = as_text(data, size);
  if (const auto message = read_to_supervisor(input)) {
    const auto again = read_to_supervisor(encode(message->process, message->message));
    CHECK(again && *again == *message);
  }
  if (const auto message = read_to_controller(input)) {
    const auto again = read_to_controller(encode(message->process, message->message));
    CHECK(again && *again == *message);
  }
  if (const auto boot = BootDocument::parse(input)) CHECK(BootDocument::parse(boot->to_text()).has_value());
  if (const auto channel = ChannelDocument::parse(input)) CHECK(ChannelDocument::parse(channel->to_text()).has_value());
  return 0;
}
