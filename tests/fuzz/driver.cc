#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

// Drives a harness where there is no libFuzzer: mutates the files of the given directories for some seconds.
//   fuzz_... [-max_total_time=SECONDS] [-seed=N] [-dict=FILE] [-max_len=BYTES] DIRECTORY...
// The options mean what they mean to libFuzzer. A run is repeated by its seed; an input that takes longer than
// kSecondsPerInput ends the program, and so does more memory than kMaxResidentKilobytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr unsigned kSecondsPerInput = 10;
constexpr long kMaxResidentKilobytes = 2L << 20;

struct Options {
  double seconds = 3;
  std::uint64_t seed = std::random_device{}();
  std::size_t maxBytes = 8192;
  std::vector<std::string> words{"\r\n", "\n", " ", "0", std::string(1, '\0'), "\x7f", "\xff"};
  std::vector<std::string> seeds;
};

std::string contentOf(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// libFuzzer's own form: "word" a line, in it \xNN, \\ and \".
void readDictionary(const std::string& path, std::vector<std::string>& words) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.size() < 2 || line.front() != '"' || line.back() != '"') {
      continue;
    }
    std::string word;
    for (std::size_t i = 1; i + 1 < line.size(); ++i) {
      if (line[i] != '\\') {
        word += line[i];
      } else if (line[i + 1] == 'x') {
        word += static_cast<char>(std::stoi(line.substr(i + 2, 2), nullptr, 16));
        i += 3;
      } else {
        word += line[++i];
      }
    }
    words.push_back(word);
  }
}

Options readOptions(int argc, char** argv) {
  Options out;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const auto valueOf = [&](const char* name) {
      return argument.rfind(name, 0) == 0 ? argv[i] + std::strlen(name) : nullptr;
    };
    if (const char* seconds = valueOf("-max_total_time=")) {
      out.seconds = std::atof(seconds);
    } else if (const char* seed = valueOf("-seed=")) {
      out.seed = std::strtoull(seed, nullptr, 10);
    } else if (const char* bytes = valueOf("-max_len=")) {
      out.maxBytes = std::strtoull(bytes, nullptr, 10);
    } else if (const char* words = valueOf("-dict=")) {
      readDictionary(words, out.words);
    } else {
      for (const auto& entry : std::filesystem::directory_iterator(argument)) {
        out.seeds.push_back(contentOf(entry.path()));
      }
    }
  }
  return out;
}

std::string mutated(std::string text, const Options& options, std::mt19937_64& random) {
  const auto below = [&](std::size_t limit) { return limit == 0 ? 0 : random() % limit; };
  for (auto left = 1 + below(6); left > 0; --left) {
    const auto at = below(text.size() + 1);
    switch (below(6)) {
      case 0:
        text.erase(at, below(16));
        break;
      case 1:
        text.insert(at, options.words[below(options.words.size())]);
        break;
      case 2:
        if (at < text.size()) {
          text[at] = static_cast<char>(random());
        }
        break;
      case 3:
        text.insert(at, text.substr(below(text.size()), below(64)));
        break;
      case 4: {
        const auto& other = options.seeds[below(options.seeds.size())];
        text = text.substr(0, at) + other.substr(below(other.size()));
        break;
      }
      default:
        text.insert(at, std::string(below(300), static_cast<char>(random())));
        break;
    }
  }
  return text.substr(0, options.maxBytes);
}

void feed(const std::string& text) {
  ::alarm(kSecondsPerInput);
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = readOptions(argc, argv);
  if (options.seeds.empty()) {
    std::fprintf(stderr, "no corpus\n");
    return 2;
  }
  std::printf("seed %llu\n", static_cast<unsigned long long>(options.seed));
  std::fflush(stdout);
  std::mt19937_64 random(options.seed);
  for (const auto& one : options.seeds) {
    feed(one);
  }
  std::uint64_t runs = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(options.seconds);
  while (std::chrono::steady_clock::now() < end) {
    feed(mutated(options.seeds[random() % options.seeds.size()], options, random));
    ++runs;
  }
  ::alarm(0);
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  std::printf("%llu runs, %ld KiB\n", static_cast<unsigned long long>(runs), used.ru_maxrss);
  return used.ru_maxrss > kMaxResidentKilobytes ? 1 : 0;
}
