// Stands in for libFuzzer in ordinary builds: runs a target over its corpus, and over seeded mutations of it.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void run(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

// One small change: a bit, a byte, a cut, a repetition, or a piece of another seed.
void mutate(std::string& input, const std::vector<std::string>& seeds, std::mt19937& random) {
  const std::size_t at = input.empty() ? 0 : random() % input.size();
  switch (random() % 6) {
    case 0:
      if (!input.empty()) input[at] = static_cast<char>(input[at] ^ (1 << random() % 8));
      return;
    case 1:
      input.insert(at, 1, static_cast<char>(random() % 256));
      return;
    case 2:
      input.resize(at);
      return;
    case 3:
      input.erase(at, 1 + random() % 8);
      return;
    case 4:
      input.insert(at, input.substr(at, random() % 64));
      return;
    case 5: {
      const std::string& other = seeds[random() % seeds.size()];
      if (!other.empty()) input.insert(at, other.substr(random() % other.size(), random() % 64));
      return;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s CORPUS_FOLDER\n", argv[0]);
    return 2;
  }
  std::vector<std::string> seeds;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
    std::ifstream file(entry.path(), std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    run(seeds.back());
  }
  if (seeds.empty()) {
    std::fprintf(stderr, "%s holds no seeds\n", argv[1]);
    return 1;
  }
  const char* given = std::getenv("PORTREEVE_SEED");
  const unsigned seed = given == nullptr ? 20261124u : static_cast<unsigned>(std::strtoul(given, nullptr, 10));
  std::mt19937 random(seed);
  constexpr int kRounds = 4000;
  for (int round = 0; round < kRounds; ++round) {
    std::string input = seeds[random() % seeds.size()];
    for (auto changes = 1 + random() % 4; changes > 0; --changes) mutate(input, seeds, random);
    run(input);
  }
  std::printf("%zu seeds, %d mutations, seed %u\n", seeds.size(), kRounds, seed);
  return 0;
}
