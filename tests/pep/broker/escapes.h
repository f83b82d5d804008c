// How a credential may be written, and the slow twin of the scrubber: everything decoded, then searched.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace portreeve::pep {

// `before` bytes of filling, the credential, some more filling, in base64 of either alphabet.
std::string in_base64(std::string_view credential, std::size_t before, bool url);
std::string percent_escaped(std::string_view text, bool all);
// `\u` forms for all, or only what JSON must escape and `/`.
std::string json_escaped(std::string_view text, bool all);

// The forms in which `credential` stands in `text`, by name; none where it is clean.
std::vector<std::string> slow_find(std::string_view text, std::string_view credential, std::string_view basic_pair);

}  // namespace portreeve::pep
