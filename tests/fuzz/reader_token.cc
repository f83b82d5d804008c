#include "accounting/api/reader_tokens.h"
#include "tests/fuzz/input.h"

// No bytes are a token that verifies under a key of which nobody has the private half; and the key set's reader holds.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace portreeve;
  static const auto keys = accounting::ReaderKeys::parse(
      R"({"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})");
  const std::string_view text = as_text(data, size);
  static_cast<void>(accounting::ReaderKeys::parse(text));
  CHECK(!accounting::check_reader_token(text, *keys, Timestamp::from_unix(1'780'000'000)));
  return 0;
}
