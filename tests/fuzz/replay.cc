// Stands in for libFuzzer in ordinary builds: runs a target over its seeds, and over seeded mutations of them. What
// fails is kept in a file and printed, with the line that runs it again.
//
//     fuzz_NAME SEEDS… [-dict=FILE]    folders of seeds, then mutations
//     fuzz_NAME FILE…                  these inputs alone
//
// PORTREEVE_SEED=N begins elsewhere; PORTREEVE_FUZZ_SECONDS=N goes on for so long.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

namespace {

namespace fs = std::filesystem;

constexpr int kRounds = 4000;
constexpr std::chrono::seconds kBudget{20};  // for the rounds together, on a machine that is slow or busy
constexpr unsigned kSecondsPerInput = 60;    // an input that takes longer never ends

// What a handler of signals may read: the input under way, and texts that were made before anything could fail.
std::string_view input_under_way;
std::array<char, 4096> failure_path;
std::array<char, 8192> rerun_line;

void put(int to, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(to, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

// Base64 without allocating.
void put_base64(int to, std::string_view bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t k) { return k < bytes.size() ? static_cast<unsigned char>(bytes[k]) : 0u; };
    const unsigned word = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    const char four[] = {kDigits[word >> 18], kDigits[word >> 12 & 63],
                         i + 1 < bytes.size() ? kDigits[word >> 6 & 63] : '=',
                         i + 2 < bytes.size() ? kDigits[word & 63] : '='};
    put(to, {four, 4});
  }
}

void report_failure() {
  const int file = ::open(failure_path.data(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
  put(file, input_under_way);
  put(STDERR_FILENO, "\nthis input failed; again: ");
  put(STDERR_FILENO, rerun_line.data());
  put(STDERR_FILENO, "\nin base64: ");
  put_base64(STDERR_FILENO, input_under_way.substr(0, 3 * 1024));
  put(STDERR_FILENO, input_under_way.size() > 3 * 1024 ? "… (its first 3 KiB)\n" : "\n");
}

void on_signal(int signal) {
  if (signal == SIGALRM) put(STDERR_FILENO, "an input takes too long");
  report_failure();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void catch_failures(const char* program) {
  const std::string path = fs::current_path() / (fs::path(program).filename().string() + ".failing");
  std::snprintf(failure_path.data(), failure_path.size(), "%s", path.c_str());
  std::snprintf(rerun_line.data(), rerun_line.size(), "%s %s", fs::absolute(program).c_str(), path.c_str());
  static std::array<char, 1 << 16> stack;  // an exhausted stack is reported from another
  stack_t other{};
  other.ss_sp = stack.data();
  other.ss_size = stack.size();
  sigaltstack(&other, nullptr);
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_ONSTACK;
  sigaction(SIGABRT, &action, nullptr);
  sigaction(SIGALRM, &action, nullptr);
  if (__sanitizer_set_death_callback != nullptr) {  // says more of a bad access than its signal does
    __sanitizer_set_death_callback(report_failure);
    return;
  }
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP}) sigaction(signal, &action, nullptr);
}

void run(std::string_view input) {
  input_under_way = input;
  ::alarm(kSecondsPerInput);
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
  ::alarm(0);
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// The words of a dictionary as libFuzzer takes them: `"…"` a line, with \\, \" and \xHH.
std::vector<std::string> read_dictionary(const fs::path& path) {
  std::vector<std::string> words;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find('"');
    const std::size_t last = line.rfind('"');
    if (line.starts_with('#') || first == last) continue;
    std::string word;
    for (std::size_t i = first + 1; i < last; ++i) {
      if (line[i] == '\\' && line[i + 1] == 'x') {
        word += static_cast<char>(std::stoi(line.substr(i + 2, 2), nullptr, 16));
        i += 3;
      } else {
        word += line[i] == '\\' ? line[++i] : line[i];
      }
    }
    words.push_back(std::move(word));
  }
  return words;
}

class Mutator {
 public:
  Mutator(const std::vector<std::string>& seeds, const std::vector<std::string>& words, unsigned seed)
      : seeds_(seeds), words_(words), random_(seed) {}

  std::string draw() {
    std::string input = one_of(seeds_);
    for (auto changes = 1 + below(4); changes > 0; --changes) change(input);
    return input;
  }

 private:
  std::size_t below(std::size_t bound) { return random_() % bound; }
  const std::string& one_of(const std::vector<std::string>& texts) { return texts[below(texts.size())]; }

  // A bit, a byte, a cut, a repetition, a piece of another seed or its end, a word put in or in another's place.
  void change(std::string& input) {
    const std::size_t at = input.empty() ? 0 : below(input.size());
    const std::size_t end = input.size();
    switch (below(words_.empty() ? 7 : 10)) {
      case 0:
        if (!input.empty()) input[at] = static_cast<char>(input[at] ^ (1 << below(8)));
        return;
      case 1:
        input.insert(at, 1, static_cast<char>(below(256)));
        return;
      case 2:
        input.resize(at);
        return;
      case 3:
        input.erase(at, 1 + below(8));
        return;
      case 4:
        input.insert(at, input.substr(at, below(64)));
        return;
      case 5:
        if (const std::string& other = one_of(seeds_); !other.empty()) {
          input.insert(at, other.substr(below(other.size()), below(64)));
        }
        return;
      case 6:
        if (const std::string& other = one_of(seeds_); !other.empty()) {
          input.replace(at, end - at, other.substr(below(other.size())));
        }
        return;
      case 7:
      case 8:
        input.insert(at, one_of(words_));
        return;
      case 9:
        if (const std::size_t found = input.find(one_of(words_), at); found != std::string::npos) {
          input.replace(found, 1 + below(8), one_of(words_));
        } else {
          input.replace(at, 1 + below(8), one_of(words_));
        }
        return;
    }
  }

  const std::vector<std::string>& seeds_;
  const std::vector<std::string>& words_;
  std::mt19937 random_;
};

unsigned setting(const char* name, unsigned otherwise) {
  const char* given = std::getenv(name);
  return given == nullptr ? otherwise : static_cast<unsigned>(std::strtoul(given, nullptr, 10));
}

int replay_mutations(const std::vector<std::string>& seeds, const std::vector<std::string>& words) {
  const unsigned seed = setting("PORTREEVE_SEED", 20261124u);
  const unsigned seconds = setting("PORTREEVE_FUZZ_SECONDS", 0);
  const auto until = std::chrono::steady_clock::now() + (seconds > 0 ? std::chrono::seconds(seconds) : kBudget);
  Mutator mutator(seeds, words, seed);
  int rounds = 0;
  while ((seconds > 0 || rounds < kRounds) && std::chrono::steady_clock::now() < until) {
    const std::string input = mutator.draw();
    run(input);
    ++rounds;
  }
  std::printf("%zu seeds, %zu words, %d mutations, PORTREEVE_SEED=%u\n", seeds.size(), words.size(), rounds, seed);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> seeds, words;
  bool folders = false;
  catch_failures(argv[0]);
  for (const std::string_view argument : std::vector<std::string_view>(argv + 1, argv + argc)) {
    if (argument.starts_with("-dict=")) {
      words = read_dictionary(argument.substr(6));
      continue;
    }
    if (!fs::is_directory(argument)) {
      seeds.push_back(read_file(argument));
      continue;
    }
    folders = true;
    for (const auto& entry : fs::recursive_directory_iterator(argument)) {
      if (entry.is_regular_file()) seeds.push_back(read_file(entry.path()));
    }
  }
  if (seeds.empty()) {
    std::fprintf(stderr, "usage: %s SEEDS… [-dict=FILE]\n", argv[0]);
    return 2;
  }
  std::ranges::sort(seeds);  // the order of a folder is the file system's
  for (const std::string& seed : seeds) run(seed);
  if (!folders) {
    std::printf("%zu inputs, none failed\n", seeds.size());
    return 0;
  }
  return replay_mutations(seeds, words);
}
