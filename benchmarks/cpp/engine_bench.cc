// The run of benchmarks/one_store.py without Python: what is left of its time is the binding's.
//
//   engine_bench DIRECTORY KEYS VALUES ORDER     prints {"put_ns": ..., "get_ns": ...}
//
// Has a main() of its own: one pass over the same keys and values in the same order, each pair a
// heap block of its own as Python's bytes are. Iterating until the time is stable, as Google
// Benchmark does, would be another run.
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/clock.h"
#include "db/database.h"

namespace skiplith {
namespace {

constexpr size_t kKeyBytes = 16;
constexpr size_t kValueBytes = 100;

std::string read_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> pieces(const std::string& all, size_t bytes) {
  std::vector<std::string> found;
  found.reserve(all.size() / bytes);
  for (size_t i = 0; i < all.size(); i += bytes) found.push_back(all.substr(i, bytes));
  return found;
}

int fail(const Status& status) {
  std::fprintf(stderr, "engine_bench: %s\n", status.to_string().c_str());
  return 1;
}

int run(const char* directory, const char* keys_path, const char* values_path,
        const char* order_path) {
  const std::vector<std::string> keys = pieces(read_file(keys_path), kKeyBytes);
  const std::vector<std::string> values = pieces(read_file(values_path), kValueBytes);
  const std::string order_bytes = read_file(order_path);  // 32-bit positions, little-endian
  std::vector<const std::string*> wanted;
  for (size_t i = 0; i < order_bytes.size(); i += sizeof(uint32_t)) {
    uint32_t position;
    std::memcpy(&position, order_bytes.data() + i, sizeof position);
    wanted.push_back(&keys.at(position));
  }

  auto opened = Database::open(posix_files(), directory, OpenMode::kNew, Options());
  if (!opened.is_ok()) return fail(opened.status());
  Database& database = **opened;

  const uint64_t begun = monotonic_ns();
  for (size_t i = 0; i < keys.size(); ++i) {
    const Status status = database.put(keys[i], values[i], false);
    if (!status.is_ok()) return fail(status);
  }
  const uint64_t written = monotonic_ns();
  Value value;
  size_t bytes = 0;
  for (const std::string* key : wanted) {
    const Status status = database.get(*key, &value);
    if (!status.is_ok()) return fail(status);
    bytes += value.bytes().size();
  }
  const uint64_t read = monotonic_ns();

  if (bytes != wanted.size() * kValueBytes) return fail(Status::corruption(directory, 0, "lost"));
  const double count = static_cast<double>(keys.size());
  std::printf("{\"put_ns\": %.1f, \"get_ns\": %.1f}\n",
              static_cast<double>(written - begun) / count,
              static_cast<double>(read - written) / count);
  return 0;
}

}  // namespace
}  // namespace skiplith

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: engine_bench DIRECTORY KEYS VALUES ORDER\n");
    return 2;
  }
  return skiplith::run(argv[1], argv[2], argv[3], argv[4]);
}
