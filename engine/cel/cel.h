// Conditions in the Common Expression Language: compile once at load, run at every decision.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/cel/types.h"
#include "engine/cel/value.h"
#include "engine/cel/zone.h"

namespace portreeve::cel {

// One thing wrong with an expression. `offset` and `length` are bytes within it, from 0; length may be 0.
struct CompileError {
  std::size_t offset = 0;
  std::size_t length = 0;
  std::string message;  // as a Diagnostic's
  std::string help;     // may be empty
  friend bool operator==(const CompileError&, const CompileError&) = default;
};

// What a request says, asked for lazily: only attributes that the expression comes to are asked for.
class Activation {
 public:
  virtual ~Activation() = default;
  // The attribute's value, Value::unknown(id) where the request cannot say yet, or Value::absent() (or another error)
  // where it should and doesn't. What the value borrows outlives the run's outcome.
  virtual Value attribute(AttributeId id) const = 0;
};

// Owns what a run makes: joined strings, new lists. Empty until the first allocation. A resource; moves, one thread.
class Arena {
 public:
  Arena();
  ~Arena();
  Arena(Arena&&) noexcept;
  Arena& operator=(Arena&&) noexcept;

  // True if `size` bytes more stay within limits::kCelResultBytes.
  bool has_room(std::size_t size) const;
  // Storage for `size` bytes, aligned for any Value; lives as long as the arena.
  void* allocate(std::size_t size);
  // A copy that lives as long as the arena.
  std::string_view keep(std::string_view text);
  // Takes `size` bytes off the room without storing anything: for what was made and thrown away.
  void count(std::size_t size) { bytes_ += size; }
  std::size_t bytes() const { return bytes_; }

 private:
  std::vector<std::unique_ptr<std::byte[]>> blocks_;
  std::byte* next_ = nullptr;
  std::size_t left_ = 0;
  std::size_t bytes_ = 0;
};

// A run's result, and the storage it borrows from. Moving keeps `value` valid.
struct Outcome {
  Value value;
  Arena arena;
};

// What a condition says. Error includes a value that is no boolean.
enum class Truth : std::uint8_t { false_, true_, unknown, error };

// A path that an expression reads: an attribute, and constant keys selected below it (`subject.claims.department`).
struct Read {
  AttributeId attribute;
  std::vector<std::string> keys;
  friend bool operator==(const Read&, const Read&) = default;
};

// A checked, compiled expression. Immutable; const use is thread-safe.
class Program {
 public:
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // Evaluates. Never throws; an error is a value of the outcome. Comparisons, logic, `in`, selection and most string
  // functions allocate nothing; what makes strings and lists allocates in the outcome's arena.
  // Hot path.
  Outcome run(const Activation& activation) const;

  // Evaluates as a condition. Where the answer is kError or kUnknown and `why` is given, it is set to a sentence with
  // the place: `column 12: no such key: department`. Nothing is allocated for it otherwise. Hot path.
  Truth run_condition(const Activation& activation, std::string* why = nullptr) const;

  // The sentence that run_condition sets, for a value that run() returned. Requires: an error or unknown of this
  // program.
  std::string explain(const Value& value) const;

  const std::string& source() const;
  const Type& type() const;  // of the result
  std::uint64_t estimated_cost() const;

  // What it reads, each once, in order of attribute and keys.
  const std::vector<Read>& reads() const;
  bool reads(AttributeId attribute) const;
  // True if it reads that key below the attribute, or the attribute as a whole (then any key may be read).
  bool reads(AttributeId attribute, std::string_view key) const;
  // Names of the zones it uses, sorted, each once; fixed offsets left out.
  const std::vector<std::string>& zones() const;

  // The compiled form as one s-expression, stable, for golden tests.
  std::string dump() const;

  struct Code;
  explicit Program(std::unique_ptr<const Code> code);

 private:
  std::unique_ptr<const Code> code_;
};

using ZoneSource = std::function<Result<std::shared_ptr<const Zone>>(std::string_view name)>;

enum class Want : std::uint8_t { condition, any_value };

// checked: a type that cannot be is an error at once, as in policies. dynamic: types are met at run time only, and so
// are names that nothing answers to, as CEL defines evaluation without a checker.
enum class Typing : std::uint8_t { checked, dynamic };

struct CompileOptions {
  // Asked for zones named in the expression, once per name and expression; fixed offsets and UTC are never asked for.
  // Where it is empty every other zone is an error. With dynamic typing it is kept, and asked at each run.
  ZoneSource zones;
  // kCondition: a static type that is known and not bool is an error, as is a constant result.
  Want want = Want::condition;
  Typing typing = Typing::checked;
  // Where names are looked up first, such as `google.protobuf`; then in its parents; then by themselves.
  std::string container = {};
};

// A program, or everything that is wrong with the expression (at least one error, in order of offset). One of the two.
struct Compiled {
  std::shared_ptr<const Program> program;
  std::vector<CompileError> errors;
};

// Lexes, parses, checks and compiles an expression within limits.h's bounds; any bytes may be given. Pure but for
// `options.zones`; any thread. The environment is used during the call only.
Compiled compile(std::string_view expression, const TypeEnv& environment, const CompileOptions& options = {});

}  // namespace portreeve::cel
