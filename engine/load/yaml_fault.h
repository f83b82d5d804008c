// What is wrong with text that is no YAML: the library names a rule of its grammar, people need what they wrote.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace portreeve::load {

struct YamlFault {
  std::string message;
  std::string help;  // may be empty
};

// `offset` is the byte of `file` at which the library stopped, `complaint` its words. Any of them may be anything.
YamlFault explain_yaml_fault(std::string_view file, std::size_t offset, std::string_view complaint);

}  // namespace portreeve::load
