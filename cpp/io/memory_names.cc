#include "io/memory_names.h"

#include <algorithm>
#include <cerrno>

namespace skiplith {
namespace {

constexpr uint64_t kSectorBytes = 512;
constexpr uint64_t kPageBytes = 4096;

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

}  // namespace

std::string memory_path(const std::string& path) {
  std::string whole;
  size_t begin = 0;
  while (begin < path.size()) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string name = path.substr(begin, end - begin);
    begin = end + 1;
    if (name.empty() || name == ".") continue;
    if (name == "..") {
      whole.resize(whole.empty() ? 0 : whole.rfind('/'));
    } else {
      whole += '/' + name;
    }
  }
  return whole;
}

PathKind MemoryNames::kind_of(const std::string& path) const {
  if (directories_.contains(path)) return PathKind::kDirectory;
  return entries_.contains(path) ? PathKind::kOther : PathKind::kMissing;
}

int MemoryNames::parent_error(const std::string& path) const {
  for (std::string parent = path; !parent.empty();) {
    parent = parent_of(parent);
    if (entries_.contains(parent)) return ENOTDIR;
  }
  return path.empty() || directories_.contains(parent_of(path)) ? 0 : ENOENT;
}

int MemoryNames::find(const std::string& path, std::shared_ptr<MemoryFile>* file) const {
  if (directories_.contains(path)) return EISDIR;
  const auto found = entries_.find(path);
  if (found == entries_.end()) {
    const int error = parent_error(path);
    return error != 0 ? error : ENOENT;
  }
  *file = found->second;
  return 0;
}

int MemoryNames::may_create(const std::string& path) const {
  if (kind_of(path) != PathKind::kMissing) return EEXIST;
  return parent_error(path);
}

int MemoryNames::must_be_directory(const std::string& path) const {
  if (directories_.contains(path)) return 0;
  if (entries_.contains(path)) return ENOTDIR;
  const int error = parent_error(path);
  return error != 0 ? error : ENOENT;
}

std::vector<std::string> MemoryNames::list(const std::string& directory) const {
  const std::string prefix = directory + '/';
  std::vector<std::string> names;
  const auto add = [&](const std::string& path) {
    if (path.starts_with(prefix) && path.find('/', prefix.size()) == path.npos) {
      names.push_back(path.substr(prefix.size()));
    }
  };
  for (const std::string& path : directories_) add(path);
  for (const auto& [path, file] : entries_) add(path);
  std::sort(names.begin(), names.end());
  return names;
}

std::string MemoryNames::outermost_missing(const std::string& path) const {
  std::string missing = path;
  while (!missing.empty() && kind_of(parent_of(missing)) == PathKind::kMissing) {
    missing = parent_of(missing);
  }
  return missing;
}

void MemoryNames::create(const std::string& path, std::shared_ptr<MemoryFile> file) {
  change({.from = {}, .to = path, .file = std::move(file)});
}

int MemoryNames::rename(const std::string& from, const std::string& to) {
  std::shared_ptr<MemoryFile> file;
  if (const int error = find(from, &file); error != 0) return error;
  if (directories_.contains(to)) return EISDIR;
  if (const int error = parent_error(to); error != 0) return error;
  if (from != to) change({.from = from, .to = to, .file = std::move(file)});
  return 0;
}

int MemoryNames::remove(const std::string& path) {
  std::shared_ptr<MemoryFile> file;
  if (const int error = find(path, &file); error != 0) return error;
  change({.from = path, .to = {}, .file = {}});
  return 0;
}

void MemoryNames::change(Change change) {
  apply(change, &entries_);
  waiting_.push_back(std::move(change));
}

void MemoryNames::apply(const Change& change, Entries* entries) {
  if (!change.from.empty()) entries->erase(change.from);
  if (!change.to.empty()) (*entries)[change.to] = change.file;
}

template <typename Wanted>
void MemoryNames::put_on_disk(Wanted wanted) {
  // Newest first: what is wanted of a change is wanted of all before it that share a name.
  std::set<std::string> names;
  std::vector<bool> goes(waiting_.size());
  for (size_t i = waiting_.size(); i-- > 0;) {
    const Change& change = waiting_[i];
    goes[i] =
        change.any_name([&](const auto& name) { return wanted(name) || names.contains(name); });
    if (goes[i]) names.insert({change.from, change.to});
  }
  std::vector<Change> still_waiting;
  for (size_t i = 0; i < waiting_.size(); ++i) {
    if (goes[i]) {
      apply(waiting_[i], &on_disk_);
    } else {
      still_waiting.push_back(std::move(waiting_[i]));
    }
  }
  waiting_ = std::move(still_waiting);
}

void MemoryNames::sync_directory(const std::string& directory) {
  put_on_disk([&](const std::string& name) { return parent_of(name) == directory; });
}

void MemoryNames::plant(const std::string& path, const std::string& contents) {
  put_on_disk([&](const std::string& name) { return name == path; });
  auto file = std::make_shared<MemoryFile>();
  file->write(0, contents);
  file->sync();
  entries_[path] = file;
  on_disk_[path] = file;
}

void MemoryNames::write_back(Chance& chance, double keep) {
  const uint64_t piece_bytes = chance.happens(0.5) ? kSectorBytes : kPageBytes;
  // Every file once that has a name somewhere, or may be found to have one.
  std::set<const MemoryFile*> seen;
  const auto write_back_file = [&](const std::shared_ptr<MemoryFile>& file) {
    if (file && seen.insert(file.get()).second) file->write_back(chance, keep, piece_bytes);
  };
  for (const auto& [path, file] : on_disk_) write_back_file(file);
  for (const auto& [path, file] : entries_) write_back_file(file);
  for (const Change& change : waiting_) write_back_file(change.file);
  std::set<std::string> passed_over;
  std::vector<Change> still_waiting;
  for (Change& change : waiting_) {
    const bool must_wait =
        change.any_name([&](const auto& name) { return passed_over.contains(name); });
    if (!must_wait && chance.happens(keep)) {
      apply(change, &on_disk_);
    } else {
      passed_over.insert({change.from, change.to});
      still_waiting.push_back(std::move(change));
    }
  }
  waiting_ = std::move(still_waiting);
}

void MemoryNames::lose_cache() {
  waiting_.clear();
  entries_ = on_disk_;
  for (const auto& [path, file] : entries_) file->lose_cache();
}

MemoryNames MemoryNames::copy() const {
  std::map<const MemoryFile*, std::shared_ptr<MemoryFile>> copies;
  const auto replace = [&](std::shared_ptr<MemoryFile>& file) {
    if (!file) return;
    std::shared_ptr<MemoryFile>& copy = copies[file.get()];
    if (!copy) copy = file->copy();
    file = copy;
  };
  MemoryNames names = *this;
  for (auto& [path, file] : names.entries_) replace(file);
  for (auto& [path, file] : names.on_disk_) replace(file);
  for (Change& change : names.waiting_) replace(change.file);
  return names;
}

}  // namespace skiplith
