#include "io/file_names.h"

#include <charconv>

#include "base/check.h"

namespace skiplith {
namespace {

constexpr size_t kMinDigits = 6;
constexpr uint64_t kMaxNumber = UINT64_MAX / 2;  // a next one always exists

struct Named {
  FileType type;
  const char* name;
};
constexpr Named kUnnumbered[] = {
    {FileType::kLock, "LOCK"},
    {FileType::kCurrent, "CURRENT"},
    {FileType::kTemporary, "CURRENT.tmp"},
};
constexpr Named kSuffixes[] = {
    {FileType::kManifest, ".manifest"},
    {FileType::kSegment, ".log"},
    {FileType::kTable, ".sst"},
    {FileType::kTemporary, ".tmp"},
};

const char* find(FileType type, const Named* begin, const Named* end) {
  for (const Named* named = begin; named != end; ++named) {
    if (named->type == type) return named->name;
  }
  SKIPLITH_CHECK(false);  // a type that must have, or must not have, a number
}

}  // namespace

std::string make_file_name(const FileName& name) {
  if (name.number == 0) return find(name.type, std::begin(kUnnumbered), std::end(kUnnumbered));
  std::string digits = std::to_string(name.number);
  if (digits.size() < kMinDigits) digits.insert(0, kMinDigits - digits.size(), '0');
  return digits + find(name.type, std::begin(kSuffixes), std::end(kSuffixes));
}

std::optional<FileName> parse_file_name(Bytes name) {
  for (const Named& known : kUnnumbered) {
    if (name == known.name) return FileName{known.type, 0};
  }
  uint64_t number = 0;
  const char* const end = name.data() + name.size();
  const auto [after, error] = std::from_chars(name.data(), end, number);
  if (error != std::errc() || number == 0 || number > kMaxNumber) return std::nullopt;
  const Bytes suffix(after, static_cast<size_t>(end - after));
  for (const Named& known : kSuffixes) {
    if (suffix != known.name) continue;
    const FileName parsed{known.type, number};
    if (name == make_file_name(parsed)) return parsed;
  }
  return std::nullopt;
}

std::string join_path(const std::string& directory, const std::string& name) {
  if (directory.empty() || directory.ends_with('/')) return directory + name;
  return directory + "/" + name;
}

}  // namespace skiplith
