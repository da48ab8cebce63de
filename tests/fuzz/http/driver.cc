#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

// Mutates the files of the given directories for some seconds: driver [--seconds=N] [--seed=N] DIRECTORY...
namespace {

constexpr std::size_t kMaxBytes = 8192;
const std::vector<std::string> kWords{"\r\n",
                                      "\r",
                                      "\n",
                                      ":",
                                      " ",
                                      "\t",
                                      ";",
                                      ",",
                                      "0",
                                      "ffffffffffffffff",
                                      "chunked",
                                      "Transfer-Encoding: ",
                                      "Content-Length: ",
                                      "Host: a\r\n",
                                      "HTTP/1.1",
                                      std::string(1, '\0'),
                                      "\x7f",
                                      "0\r\n\r\n",
                                      "\"",
                                      "\\"};

std::string mutated(std::string text, const std::vector<std::string>& seeds, std::mt19937_64& random) {
  const auto below = [&](std::size_t limit) { return limit == 0 ? 0 : random() % limit; };
  for (auto left = 1 + below(6); left > 0; --left) {
    const auto at = below(text.size() + 1);
    switch (below(6)) {
      case 0:
        text.erase(at, below(16));
        break;
      case 1:
        text.insert(at, kWords[below(kWords.size())]);
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
        const auto& other = seeds[below(seeds.size())];
        text = text.substr(0, at) + other.substr(below(other.size()));
        break;
      }
      default:
        text.insert(at, std::string(below(300), static_cast<char>(random())));
        break;
    }
  }
  return text.substr(0, kMaxBytes);
}

}  // namespace

int main(int argc, char** argv) {
  double seconds = 3;
  std::uint64_t seed = std::random_device{}();
  std::vector<std::string> seeds;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.rfind("--seconds=", 0) == 0) {
      seconds = std::atof(argument.c_str() + 10);
    } else if (argument.rfind("--seed=", 0) == 0) {
      seed = std::strtoull(argument.c_str() + 7, nullptr, 10);
    } else {
      for (const auto& entry : std::filesystem::directory_iterator(argument)) {
        std::ifstream file(entry.path(), std::ios::binary);
        seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
      }
    }
  }
  if (seeds.empty()) {
    std::fprintf(stderr, "no corpus\n");
    return 2;
  }
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  std::mt19937_64 random(seed);
  const auto feed = [](const std::string& text) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  };
  for (const auto& one : seeds) {
    feed(one);
  }
  std::uint64_t runs = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < end) {
    feed(mutated(seeds[random() % seeds.size()], seeds, random));
    ++runs;
  }
  std::printf("%llu runs\n", static_cast<unsigned long long>(runs));
  return 0;
}
