#include "daemon/config.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <utility>

#include "daemon/config_file.h"
#include "engine/base/text.h"

namespace portreeve::daemon {
namespace {

constexpr int kUsageError = 2;
constexpr std::size_t kMostOfAFile = 1u << 20;

std::string to_text(Seconds span) {
  std::int64_t left = span.count();
  std::string out;
  for (const auto& [unit, seconds] : {std::pair{'d', 86'400}, {'h', 3600}, {'m', 60}, {'s', 1}}) {
    if (left / seconds > 0) out += fmt::format("{}{}", left / seconds, unit);
    left %= seconds;
  }
  return out;
}

std::string to_text(ByteSize size) {
  std::int64_t count = size.bytes;
  std::size_t unit = 0;
  static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  while (count > 0 && count % 1024 == 0 && unit + 1 < std::size(kUnits)) {
    count /= 1024;
    ++unit;
  }
  return count > 0 ? fmt::format("{}{}", count, kUnits[unit]) : "";
}

std::string suggestion(std::string_view word, const std::vector<std::string_view>& candidates) {
  const std::string_view near = closest(word, candidates);
  return near.empty() ? "" : fmt::format(" (did you mean `{}`?)", near);
}

Result<bool> parse_switch(const std::string& text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return fail(fmt::format("`{}` is neither `true` nor `false`", printable(text)));
}

}  // namespace

// What was given for one option, and where.
struct ConfigSpec::Given {
  const Option* option;
  std::vector<std::string> values;
  std::string where;  // the flag, or `file:line:column: error: KEY`
};

std::string_view version() { return PORTREEVE_VERSION; }

ConfigSpec::ConfigSpec(std::string name, std::string summary) : name_(std::move(name)), summary_(std::move(summary)) {}

ConfigSpec& ConfigSpec::example(std::string command, std::string what) {
  examples_.emplace_back(std::move(command), std::move(what));
  return *this;
}

ConfigSpec::Option& ConfigSpec::add(std::string name, std::string value, std::string help) {
  Option& option = options_.emplace_back();
  option.name = std::move(name);
  option.value = std::move(value);
  option.help = std::move(help);
  return option;
}

ConfigSpec& ConfigSpec::option(std::string name, std::string* target, std::string value, std::string help) {
  Option& added = add(std::move(name), std::move(value), std::move(help));
  added.initial = *target;
  added.set = [target](const Option& option, const std::vector<std::string>& texts) -> Status {
    const auto& choices = option.choices;
    if (!choices.empty() && std::find(choices.begin(), choices.end(), texts[0]) == choices.end()) {
      return fail(fmt::format("`{}` is not one of {}{}", printable(texts[0]), fmt::join(choices, ", "),
                              suggestion(texts[0], {choices.begin(), choices.end()})));
    }
    if (texts[0].empty()) return fail("the value is empty");
    *target = texts[0];
    return {};
  };
  return *this;
}

ConfigSpec& ConfigSpec::option(std::string name, std::int64_t* target, std::string value, std::string help) {
  Option& added = add(std::move(name), std::move(value), std::move(help));
  added.initial = std::to_string(*target);
  added.set = [target](const Option& option, const std::vector<std::string>& texts) -> Status {
    const std::string& text = texts[0];
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) {
      return fail(fmt::format("`{}` is no whole number", printable(text)));
    }
    if (number < option.least || number > option.most) {
      return fail(fmt::format("`{}` is not from {} to {}", number, option.least, option.most));
    }
    *target = number;
    return {};
  };
  return *this;
}

ConfigSpec& ConfigSpec::option(std::string name, Seconds* target, std::string value, std::string help) {
  Option& added = add(std::move(name), std::move(value), std::move(help));
  added.initial = to_text(*target);
  added.set = [target](const Option&, const std::vector<std::string>& texts) -> Status {
    TRY_ASSIGN(*target, parse_duration(texts[0]));
    return {};
  };
  return *this;
}

ConfigSpec& ConfigSpec::option(std::string name, ByteSize* target, std::string value, std::string help) {
  Option& added = add(std::move(name), std::move(value), std::move(help));
  added.initial = to_text(*target);
  added.set = [target](const Option&, const std::vector<std::string>& texts) -> Status {
    TRY_ASSIGN(target->bytes, parse_byte_size(texts[0]));
    return {};
  };
  return *this;
}

ConfigSpec& ConfigSpec::option(std::string name, Endpoint* target, std::string value, std::string help) {
  Option& added = add(std::move(name), std::move(value), std::move(help));
  if (*target != Endpoint()) added.initial = daemon::to_text(*target);
  added.set = [target](const Option&, const std::vector<std::string>& texts) -> Status {
    TRY_ASSIGN(*target, parse_endpoint(texts[0]));
    return {};
  };
  return *this;
}

ConfigSpec& ConfigSpec::option(std::string name, std::vector<std::string>* target, std::string value,
                               std::string help) {
  Option& added = add(std::move(name), std::move(value), std::move(help));
  added.shape = Shape::list;
  added.initial = fmt::format("{}", fmt::join(*target, ", "));
  added.set = [target](const Option&, const std::vector<std::string>& texts) -> Status {
    if (std::find(texts.begin(), texts.end(), "") != texts.end()) return fail("the value is empty");
    *target = texts;
    return {};
  };
  return *this;
}

ConfigSpec& ConfigSpec::option(std::string name, std::vector<Endpoint>* target, std::string value, std::string help) {
  Option& added = add(std::move(name), std::move(value), std::move(help));
  added.shape = Shape::list;
  std::vector<std::string> initial;
  for (const Endpoint& endpoint : *target) initial.push_back(daemon::to_text(endpoint));
  added.initial = fmt::format("{}", fmt::join(initial, ", "));
  added.set = [target](const Option&, const std::vector<std::string>& texts) -> Status {
    std::vector<Endpoint> endpoints;
    for (const std::string& text : texts) {
      TRY_ASSIGN(Endpoint endpoint, parse_endpoint(text));
      endpoints.push_back(std::move(endpoint));
    }
    *target = std::move(endpoints);
    return {};
  };
  return *this;
}

ConfigSpec& ConfigSpec::flag(std::string name, bool* target, std::string help) {
  Option& added = add(std::move(name), "", std::move(help));
  added.shape = Shape::toggle;
  added.set = [target](const Option&, const std::vector<std::string>& texts) -> Status {
    TRY_ASSIGN(*target, parse_switch(texts[0]));
    return {};
  };
  return *this;
}

ConfigSpec& ConfigSpec::required() {
  options_.back().required = true;
  return *this;
}

ConfigSpec& ConfigSpec::choices(std::vector<std::string> values) {
  options_.back().choices = std::move(values);
  return *this;
}

ConfigSpec& ConfigSpec::range(std::int64_t least, std::int64_t most) {
  options_.back().least = least;
  options_.back().most = most;
  return *this;
}

const ConfigSpec::Option* ConfigSpec::find(std::string_view name) const {
  const auto found = std::find_if(options_.begin(), options_.end(), [&](const Option& o) { return o.name == name; });
  return found == options_.end() ? nullptr : &*found;
}

std::optional<int> ConfigSpec::parse(int argc, const char* const* argv) const {
  return parse(std::vector<std::string>(argv + 1, argv + argc), std::cout, std::cerr);
}

std::optional<int> ConfigSpec::parse(const std::vector<std::string>& arguments, std::ostream& out,
                                     std::ostream& err) const {
  if (std::find(arguments.begin(), arguments.end(), "--help") != arguments.end()) {
    out << help();
    return 0;
  }
  if (std::find(arguments.begin(), arguments.end(), "--version") != arguments.end()) {
    out << name_ << ' ' << version() << '\n';
    return 0;
  }
  std::vector<Given> given;
  std::vector<std::string> errors;
  if (read_flags(arguments, given, errors)) apply(given, errors);
  if (errors.empty()) return std::nullopt;
  for (const std::string& error : errors) err << error << '\n';
  err << "try `" << name_ << " --help`\n";
  return kUsageError;
}

// CLI11 cuts the arguments up; what they mean is ours, since the file's keys mean the same. False where nothing can be
// said about the values.
bool ConfigSpec::read_flags(const std::vector<std::string>& arguments, std::vector<Given>& given,
                            std::vector<std::string>& errors) const {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  std::string file;
  std::vector<std::string> files;
  try {
    app.add_option("--config", files)->allow_extra_args(false);
    for (const Option& option : options_) {
      CLI::Option* declared = nullptr;
      if (option.shape == Shape::toggle) {
        declared = app.add_flag("--" + option.name);
      } else {
        declared = app.add_option("--" + option.name)->expected(1)->allow_extra_args(false);
      }
      declared->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    }
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::Error& e) {
    errors.push_back(fmt::format("{}: {}", name_, printable(e.what())));
    return false;
  }
  std::vector<std::string_view> names{"config", "help", "version"};
  for (const Option& option : options_) names.push_back(option.name);
  bool may_be_its_value = false;
  for (const std::string& extra : app.remaining()) {
    if (!extra.starts_with("--")) {
      // What follows an unknown flag is said with it.
      if (std::exchange(may_be_its_value, false) && !extra.starts_with('-')) continue;
      errors.push_back(fmt::format("{}: unexpected argument `{}`", name_, printable(extra)));
      continue;
    }
    const std::string_view word = std::string_view(extra).substr(2, extra.find('=') - 2);
    const std::string_view near = closest(word, names);
    may_be_its_value = extra.find('=') == std::string::npos;
    errors.push_back(fmt::format("{}: unknown flag `--{}`{}", name_, printable(word),
                                 near.empty() ? "" : fmt::format(" (did you mean `--{}`?)", near)));
  }
  for (const Option& option : options_) {
    const CLI::Option* parsed = app.get_option("--" + option.name);
    if (parsed->count() == 0) continue;
    const std::string flag = "--" + option.name;
    std::vector<std::string> values = parsed->results();
    if (option.shape != Shape::list && values.size() > 1) {
      errors.push_back(fmt::format("{}: {} stands twice", name_, flag));
      continue;
    }
    given.push_back({&option, std::move(values), fmt::format("{}: {}", name_, flag)});
  }
  if (files.size() > 1) errors.push_back(fmt::format("{}: --config stands twice", name_));
  if (files.size() == 1) read_file(files[0], given, errors);
  return true;
}

void ConfigSpec::read_file(const std::string& path, std::vector<Given>& given, std::vector<std::string>& errors) const {
  std::ifstream stream(path, std::ios::binary);
  std::string text(kMostOfAFile + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(stream.gcount(), 0)));
  if (!stream.is_open() || stream.bad()) {
    errors.push_back(fmt::format("{}: cannot read the configuration `{}`", name_, printable(path)));
    return;
  }
  if (text.size() > kMostOfAFile) {
    errors.push_back(fmt::format("{}: the configuration `{}` is longer than 1 MiB", name_, printable(path)));
    return;
  }
  const SettingsFile file = parse_settings(text, path);
  for (const Diagnostic& error : file.errors) errors.push_back(to_text(error));
  std::vector<std::string_view> names;
  for (const Option& option : options_) names.push_back(option.name);
  for (const Setting& setting : file.settings) {
    const auto say = [&](std::string message, std::string help) {
      errors.push_back(to_text(Diagnostic{Severity::error, setting.place, std::move(message), std::move(help)}));
    };
    const Option* option = find(setting.name);
    if (option == nullptr) {
      const std::string_view near = closest(setting.name, names);
      say(fmt::format("unknown key `{}`", printable(setting.name)),
          near.empty() ? "" : fmt::format("did you mean `{}`?", near));
    } else if (setting.is_list && option->shape != Shape::list) {
      say(fmt::format("`{}` takes one value", setting.name), "write it without a list");
    } else if (!setting.is_list && option->shape == Shape::list) {
      say(fmt::format("`{}` takes a list", setting.name), fmt::format("write `[{}]`", printable(setting.values[0])));
    } else {
      const bool is_flagged =
          std::any_of(given.begin(), given.end(), [&](const Given& g) { return g.option == option; });
      if (is_flagged) continue;
      given.push_back({option, setting.values,
                       fmt::format("{}:{}:{}: error: `{}`", setting.place.file, setting.place.line,
                                   setting.place.column, setting.name)});
    }
  }
}

void ConfigSpec::apply(const std::vector<Given>& given, std::vector<std::string>& errors) const {
  for (const Given& each : given) {
    if (const Status set = each.option->set(*each.option, each.values); !set) {
      errors.push_back(fmt::format("{}: {}", each.where, set.error().message));
    }
  }
  for (const Option& option : options_) {
    const bool is_given = std::any_of(given.begin(), given.end(), [&](const Given& g) { return g.option == &option; });
    if (option.required && !is_given && errors.empty()) {
      errors.push_back(fmt::format("{}: --{} is missing: {}", name_, option.name, option.help));
    }
  }
}

std::string ConfigSpec::help() const {
  std::string text;
  auto to = std::back_inserter(text);
  if (!examples_.empty()) text += "Examples:\n";
  for (const auto& [command, what] : examples_) fmt::format_to(to, "  {}\n      {}\n", command, what);
  fmt::format_to(to, "{}{}: {}\n\nOptions (also keys of the configuration file, nested at the dots):\n",
                 examples_.empty() ? "" : "\n", name_, summary_);
  std::vector<std::pair<std::string, std::string>> rows;
  for (const Option& option : options_) {
    std::string left = "--" + option.name;
    if (!option.value.empty()) left += " " + option.value;
    std::string right = option.help;
    if (!option.choices.empty()) right += fmt::format(": {}", fmt::join(option.choices, ", "));
    if (option.shape == Shape::list) right += "; may be repeated";
    if (option.required) right += " (required)";
    if (!option.initial.empty()) right += fmt::format(" [{}]", option.initial);
    rows.emplace_back(std::move(left), std::move(right));
  }
  rows.emplace_back("--config FILE", "read a YAML configuration; flags win over it");
  rows.emplace_back("--help", "print this");
  rows.emplace_back("--version", "print the version");
  std::size_t width = 0;
  for (const auto& row : rows) width = std::max(width, row.first.size());
  for (const auto& [left, right] : rows) fmt::format_to(to, "  {:<{}}  {}\n", left, width, right);
  return text;
}

}  // namespace portreeve::daemon
