// Errors as values: Result<T>, Status, fail().
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace portreeve {

// What went wrong, for a person: lower case, no full stop, input in backticks, then what would be right.
struct Error {
  std::string message;
  friend bool operator==(const Error&, const Error&) = default;
};

// A value or the reason why there is none. Ignoring one is a compile error.
// The one place that names tl::expected, so that std::expected (C++23) is a change of this file.
template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
  using Base = tl::expected<T, Error>;

 public:
  using Base::Base;
  Result(Base base) : Base(std::move(base)) {}
};

using Status = Result<void>;

// Makes the error side of any Result.
[[nodiscard]] inline tl::unexpected<Error> fail(std::string message) {
  return tl::unexpected<Error>(Error{std::move(message)});
}
[[nodiscard]] inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace portreeve

#define PORTREEVE_CONCAT_INNER(a, b) a##b
#define PORTREEVE_CONCAT(a, b) PORTREEVE_CONCAT_INNER(a, b)
#define PORTREEVE_TRY_ASSIGN(result, declaration, ...)              \
  auto result = (__VA_ARGS__);                                      \
  if (!result) return ::portreeve::fail(std::move(result).error()); \
  declaration = std::move(*result)

// TRY_ASSIGN(auto x, f()); declares x from a Result, or returns its error from the enclosing function.
#define TRY_ASSIGN(declaration, ...) \
  PORTREEVE_TRY_ASSIGN(PORTREEVE_CONCAT(portreeve_try_, __LINE__), declaration, __VA_ARGS__)
