// What Kubernetes and mesh networks take for names.
#pragma once

#include <string_view>

namespace portreeve::substrate {

bool is_dns_label(std::string_view text);    // RFC 1123: a namespace's name
bool is_label_key(std::string_view text);    // `[prefix/]name`
bool is_label_value(std::string_view text);  // may be empty
bool is_mesh_tag(std::string_view text);     // `tag:` and letters, digits, `-`, a letter first

}  // namespace portreeve::substrate
