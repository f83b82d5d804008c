// The words beside a status code.
#pragma once

#include <string_view>

namespace portreeve::pep {

// The reason phrase of RFC 9110 §15 and RFC 6585, in words of ours for codes that have none.
std::string_view status_phrase(int status);

}  // namespace portreeve::pep
