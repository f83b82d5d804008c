// How YAML 1.2's core schema reads plain scalars, and where other readers of YAML differ.
#pragma once

#include <string_view>

namespace portreeve::load {

bool is_boolean(std::string_view text);      // `true`, `false`
bool is_json_number(std::string_view text);  // RFC 8259 §6
bool is_number_or_boolean(std::string_view text);

// A spelling that some readers take for a boolean, a number or not-a-number, and others for text: `yes`, `True`,
// `0x1F`, `007`, `+1`, `.5`, `1_000`, `.inf`.
bool is_ambiguous(std::string_view text);

}  // namespace portreeve::load
