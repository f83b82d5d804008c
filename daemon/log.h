// The operational log: what happens to the process, for the operator. Decisions are not its business, secrets never.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace portreeve::daemon {

class ConfigSpec;

struct LogOptions {
  std::string level = "info";   // debug, info, warning or error
  std::string format = "text";  // text or json
};
// Declares `--log.level` and `--log.format`.
void add_log_options(ConfigSpec& spec, LogOptions& options);

// One key and its value; views live until the call returns. Keys are literals of ours: [a-z_.]+.
struct LogField {
  using Value = std::variant<std::string_view, std::int64_t, double, bool>;
  template <class T>
  LogField(std::string_view field_key, const T& field_value) : key(field_key), value(to_value(field_value)) {}
  std::string_view key;
  Value value;

 private:
  template <class T>
  static Value to_value(const T& from) {
    if constexpr (std::same_as<T, bool>) {
      return from;
    } else if constexpr (std::integral<T>) {
      return static_cast<std::int64_t>(from);
    } else if constexpr (std::floating_point<T>) {
      return static_cast<double>(from);
    } else {
      return std::string_view(from);
    }
  }
};

// Writes one line per call to standard error: `2026-11-24T22:02:15.123Z info listening address=127.0.0.1:8180`, or the
// same as a JSON object. Control and escape characters are written as \xHH, whoever sent them. Any thread; a lock per
// line, so not for hot paths.
class Log {
 public:
  // `out` replaces standard error, for tests; it outlives the log. An unknown level or format counts as the default.
  explicit Log(const LogOptions& options = {}, std::ostream* out = nullptr);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void debug(std::string_view message, std::initializer_list<LogField> fields = {}) const;
  void info(std::string_view message, std::initializer_list<LogField> fields = {}) const;
  void warning(std::string_view message, std::initializer_list<LogField> fields = {}) const;
  void error(std::string_view message, std::initializer_list<LogField> fields = {}) const;

 private:
  struct Backend;
  std::unique_ptr<Backend> backend_;
};

}  // namespace portreeve::daemon
