// Small pure functions on text and bytes that several folders need.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace portreeve {

// True where `text` is well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates). No allocation.
bool is_valid_utf8(std::string_view text);
// `text` with each ill-formed part replaced by U+FFFD.
std::string to_well_formed_utf8(std::string_view text);

// Base64 (RFC 4648 §4, padded) and base64url (§5, unpadded). Decoders are strict: canonical padding bits, no stray
// bytes.
std::string base64_encode(std::string_view bytes);
std::string base64url_encode(std::string_view bytes);
std::optional<std::string> base64_decode(std::string_view text);
std::optional<std::string> base64url_decode(std::string_view text);

std::string hex_encode(std::string_view bytes);  // lower case

// `text` for a terminal or a one-line message: control, escape, bidi-override and ill-formed bytes as \xHH, cut to
// `most` bytes.
std::string printable(std::string_view text, std::size_t most = 200);

// ASCII only.
char to_lower_ascii(char c);
std::string to_lower_ascii(std::string_view text);
bool equal_ignoring_ascii_case(std::string_view a, std::string_view b);

}  // namespace portreeve
