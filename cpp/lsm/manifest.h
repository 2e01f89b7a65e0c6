// The manifest: which files of the directory count, as a checksummed log of edits.
//
// One process writes one manifest file, from its beginning: opening a database for writing goes
// on in a new file, whose first record is the full state, so nothing is ever appended behind a
// torn record. CURRENT names the file that counts.
//
// What a kill, a power cut or an error leaves behind, step by step of a new file:
//
//   new file written, synced; directory synced   CURRENT names the old one (or is missing: then
//                                                there is no database yet). The new file is an
//                                                orphan, as is CURRENT.tmp after the next step.
//   CURRENT.tmp written, synced
//   CURRENT.tmp renamed to CURRENT               One of the two, whole; which is not known until
//   directory synced                             the directory is synced. Both files are whole,
//                                                and both are kept until then.
//   old file removed                             Orphan until the next removal. An error here is
//                                                ignored.
//
// and of an appended edit: the record torn or absent, without the edit, or whole, with it. An
// edit whose append() failed may therefore be there, or not, when the database is opened next:
// the caller removes neither the files that it names as new nor those it declares dead.
//
// Threads: any thread, any function. One mutex is held over fsync; it is row 9 of the wait order:
// the caller holds no lane, no entry bit, nothing of rows 3 to 8. take_file_number() waits for
// nothing.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/locks.h"
#include "io/files.h"
#include "lsm/manifest_edit.h"
#include "lsm/manifest_format.h"

namespace skiplith {

class Manifest {
 public:
  // A database begins here, or begins anew: on return CURRENT durably names a manifest with this
  // state. Whatever else lies in the directory has become an orphan, or is in `state`. The
  // directory exists and is locked exclusively. On failure CURRENT may name either.
  static Result<std::unique_ptr<Manifest>> create(Files& files, const std::string& directory,
                                                  const DatabaseId& database, ManifestState state);

  // Reads, and changes nothing: the first append() begins a new file. kNotFound when nothing was
  // created here yet; kCorruption and kFormat name the file; kStorage. A torn last record is
  // as if it had never been written.
  static Result<std::unique_ptr<Manifest>> load(Files& files, const std::string& directory);

  const DatabaseId& database() const { return database_; }
  // As of the last successful append(). A file whose number is not below its next_file_number is
  // one that this manifest has never heard of.
  ManifestState state() const;
  // The manifest file's number; that of the one loaded, until the first append().
  uint64_t number() const;

  // A number for a new file, above all that the manifest or the directory knows. It is written
  // down by the next append(); a crash before that gives it out again only if the file is gone.
  uint64_t take_file_number() { return next_file_number_.fetch_add(1); }

  // Durable on return; then, and only then, part of state(). The next file number is added here.
  // An edit that contradicts state() is a bug. After a failure the manifest is in quarantine:
  // nothing more is written or removed, and this and every later call return the first failure.
  // Reaches manifest_appended or, where a new file is due, manifest_written.
  Status append(const ManifestEdit& edit);
  // The failure that put the manifest in quarantine, or ok.
  Status failure() const;

  // Paths of the files that have names of ours and do not count: left by a crash, or by a dead
  // segment whose removal was lost. For recovery, after its edit and before anybody takes a
  // number for the next file, which would look like one of them.
  Result<std::vector<std::string>> orphans() const;

 private:
  // `highest`: no file here has a higher number.
  Manifest(Files& files, std::string directory, const DatabaseId& database, uint64_t number,
           ManifestState state, uint64_t highest);
  Status append_record(const ManifestEdit& edit);
  Status begin_file(uint64_t number, const ManifestState& state);
  Status write_file(AppendableFile& file, Bytes contents);
  Status name_in_current(uint64_t number);
  std::string path_of(uint64_t number) const;

  Files& files_;
  const std::string directory_;
  const DatabaseId database_;
  std::atomic<uint64_t> next_file_number_;

  mutable Mutex mutex_;  // guards all below
  ManifestState state_;
  Status failure_;
  uint64_t number_;                       // of the file that CURRENT names; 0: none of ours yet
  std::unique_ptr<AppendableFile> file_;  // null: the next append begins a file
  uint64_t file_bytes_ = 0;
  uint64_t full_at_bytes_ = 0;
};

}  // namespace skiplith
