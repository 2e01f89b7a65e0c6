// The names of files in memory: as everybody sees them, and as the disk has them.
//
// A change of names (a file made, removed, renamed) is one step on disk as well, and waits for its
// directory's sync. Until then it may be on disk or not. Changes of one name keep their order, as
// in the journals of ext4 and XFS; those of different names do not, which is crueler: no file
// system that keeps the promises of POSIX does worse. Directories are on disk at once, as
// make_directories() promises, and stay for ever.
//
// Paths are in the form of memory_path(). Errors are errnos; 0 is none.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "io/files.h"
#include "io/memory_file.h"

namespace skiplith {

// The one form in which names are kept: from the root, "/a/b"; the root itself is "". Relative
// paths begin at the root too. ".." takes back the name before it, without a look.
std::string memory_path(const std::string& path);

// Under the mutex of its disk.
class MemoryNames {
 public:
  PathKind kind_of(const std::string& path) const;
  // Of the file; ENOENT, ENOTDIR or EISDIR when there is none.
  int find(const std::string& path, std::shared_ptr<MemoryFile>* file) const;
  // May a file be made there? EEXIST, ENOENT, ENOTDIR.
  int may_create(const std::string& path) const;
  // ENOENT, ENOTDIR.
  int must_be_directory(const std::string& path) const;
  std::vector<std::string> list(const std::string& directory) const;  // sorted

  // The outermost directory that `path` lacks, itself included; `path` when it lacks none.
  std::string outermost_missing(const std::string& path) const;

  void make_directory(const std::string& path) { directories_.insert(path); }
  void create(const std::string& path, std::shared_ptr<MemoryFile> file);
  int rename(const std::string& from, const std::string& to);
  int remove(const std::string& path);

  // The disk has the directory's names as everybody sees them.
  void sync_directory(const std::string& directory);
  // A file that is on disk, contents and name, in place of whatever was there.
  void plant(const std::string& path, const std::string& contents);

  // The disk gets some of what it lacks, names and contents, each with this probability.
  void write_back(Chance& chance, double keep);
  // Everybody sees what the disk has.
  void lose_cache();
  // With copies of the files.
  MemoryNames copy() const;

 private:
  using Entries = std::map<std::string, std::shared_ptr<MemoryFile>>;
  struct Change {
    std::string from;  // the name that goes; empty: none
    std::string to;    // the name that comes; empty: none
    std::shared_ptr<MemoryFile> file;

    template <typename Name>
    bool any_name(Name name) const {
      return (!from.empty() && name(from)) || (!to.empty() && name(to));
    }
  };

  int parent_error(const std::string& path) const;
  void change(Change change);
  static void apply(const Change& change, Entries* entries);
  // Puts on disk every waiting change that touches a name of which `wanted` says so, and what
  // must come before it.
  template <typename Wanted>
  void put_on_disk(Wanted wanted);

  std::set<std::string> directories_ = {""};
  Entries entries_;
  Entries on_disk_;
  std::vector<Change> waiting_;  // from on_disk_ to entries_, in order
};

}  // namespace skiplith
