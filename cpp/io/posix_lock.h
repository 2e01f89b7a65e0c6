// The database's lock: who may have the directory open, among all processes and within this one.
//
// Among processes it is flock(2) on the file LOCK: the kernel lets it go with the process that
// dies, however it dies. flock() belongs to an open file, so within a process it would say
// nothing useful of several handles; a registry of what this process holds does, by device and
// inode of the directory: neither a symbolic link nor a LOCK file that somebody has removed
// fools it. Any number of shared holders, or one exclusive.
//
// fork() hands the child copies of the descriptors, and with them the lock would outlive the
// parent. So the child closes its copies before anything else runs in it, and forgets what its
// parent held: release() there does nothing. Unlocking instead would take the parent's lock away.
#pragma once

#include <memory>
#include <string>

#include "io/files.h"

namespace skiplith {

Result<std::unique_ptr<DirectoryLock>> lock_posix_directory(const std::string& directory,
                                                            bool shared);

}  // namespace skiplith
