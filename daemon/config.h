// Configuration of a program: flags, and a YAML file whose keys are the long flags nested at the dots. Flags win.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/endpoint.h"
#include "engine/base/diagnostic.h"
#include "engine/base/result.h"
#include "engine/base/time.h"

namespace portreeve::daemon {

// A size in bytes, written `10MiB`.
struct ByteSize {
  std::int64_t bytes = 0;
  friend bool operator==(const ByteSize&, const ByteSize&) = default;
};

// The declaration of a program's options and their reading, as in
//   Options opts;                                   // defaults
//   ConfigSpec spec("portreeve-pdp", "answers whether a sandbox may do what it asks");
//   spec.example("portreeve-pdp --policies policies --data data --dev", "try it out on loopback");
//   spec.option("policies", &opts.policies, "DIR", "the folder of policies").required();
//   spec.option("log.level", &opts.log_level, "LEVEL", "what is logged").choices({"debug", "info"});
//   if (const auto exit = spec.parse(argc, argv)) return *exit;
// `--config FILE`, `--help` and `--version` are there by themselves. Targets outlive the spec and keep their value
// where nothing is given. A list is given by repeating the flag, in YAML as a list; either replaces the default whole.
// A switch is `--dev` or `--dev=false`, in YAML `true` or `false`.
class ConfigSpec {
 public:
  // `name`: the program's; `summary`: one line, lower case.
  ConfigSpec(std::string name, std::string summary);

  // Help texts begin with these.
  ConfigSpec& example(std::string command, std::string what);

  // `name`: the long flag without dashes, dotted. `value`: what stands for the value in the help. `help`: one line.
  ConfigSpec& option(std::string name, std::string* target, std::string value, std::string help);
  ConfigSpec& option(std::string name, std::int64_t* target, std::string value, std::string help);
  ConfigSpec& option(std::string name, Seconds* target, std::string value, std::string help);
  ConfigSpec& option(std::string name, ByteSize* target, std::string value, std::string help);
  ConfigSpec& option(std::string name, Endpoint* target, std::string value, std::string help);
  ConfigSpec& option(std::string name, std::vector<std::string>* target, std::string value, std::string help);
  ConfigSpec& option(std::string name, std::vector<Endpoint>* target, std::string value, std::string help);
  ConfigSpec& flag(std::string name, bool* target, std::string help);

  // About the option declared last: an error where it is not given; the values allowed; the smallest and greatest
  // number.
  ConfigSpec& required();
  ConfigSpec& choices(std::vector<std::string> values);
  ConfigSpec& range(std::int64_t least, std::int64_t most);

  // Reads flags, then the file that --config names. Empty: go on. Else the exit code, with everything said: 0 after
  // --help or --version, 2 after an error; all errors are told, each in one line, and no target is changed by one that
  // failed. `out` and `err` are standard output and standard error.
  std::optional<int> parse(int argc, const char* const* argv) const;
  std::optional<int> parse(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err) const;

  std::string help() const;

 private:
  enum class Shape : std::uint8_t { one, list, toggle };
  struct Option {
    std::string name;
    std::string value;
    std::string help;
    std::string initial;  // the default, as written; empty for none
    Shape shape = Shape::one;
    bool required = false;
    std::vector<std::string> choices;
    std::int64_t least = INT64_MIN;
    std::int64_t most = INT64_MAX;
    // Sets the target from one or more texts, or fails and changes nothing.
    std::function<Status(const Option&, const std::vector<std::string>&)> set;
  };
  struct Given;

  Option& add(std::string name, std::string value, std::string help);
  const Option* find(std::string_view name) const;
  bool read_flags(const std::vector<std::string>& arguments, std::vector<Given>& given,
                  std::vector<std::string>& errors) const;
  void read_file(const std::string& path, std::vector<Given>& given, std::vector<std::string>& errors) const;
  void apply(const std::vector<Given>& given, std::vector<std::string>& errors) const;

  std::string name_;
  std::string summary_;
  std::vector<std::pair<std::string, std::string>> examples_;
  std::vector<Option> options_;
};

// The version of this build, as `portreeve --version` prints it.
std::string_view version();

}  // namespace portreeve::daemon
