// A callable held once: what std::move_only_function is in C++23.
#pragma once

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

namespace portreeve::storage {

// Owns a callable that may be move-only. Empty after a move and by default. Not thread-safe.
template <class... Args>
class Callback {
 public:
  Callback() = default;
  template <class F>
  requires(!std::same_as<std::remove_cvref_t<F>, Callback> && std::invocable<std::remove_cvref_t<F>&, Args...>)
      Callback(F&& callable)
      : held_(std::make_unique<Held<std::remove_cvref_t<F>>>(std::forward<F>(callable))) {}

  explicit operator bool() const { return held_ != nullptr; }
  // Requires: not empty.
  void operator()(Args... args) { held_->call(std::forward<Args>(args)...); }

 private:
  struct Base {
    virtual ~Base() = default;
    virtual void call(Args... args) = 0;
  };
  template <class F>
  struct Held final : Base {
    explicit Held(F&& f) : callable(std::move(f)) {}
    explicit Held(const F& f) : callable(f) {}
    void call(Args... args) override { callable(std::forward<Args>(args)...); }
    F callable;
  };
  std::unique_ptr<Base> held_;
};

}  // namespace portreeve::storage
