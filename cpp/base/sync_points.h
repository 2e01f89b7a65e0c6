// Named places in the engine where a test may count, pause, order, or die: interleavings and
// crashes are forced, not hoped for. Compiled into every build; unarmed, a point costs one
// relaxed load and a branch.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/locks.h"

namespace skiplith {

// name, what has just happened when a thread reaches it
#define SKIPLITH_SYNC_POINTS(X)                                                             \
  X(write_lane_held, "a writer has its lane, nothing else")                                 \
  X(write_entry_locked, "a writer holds the entry bits of its keys")                        \
  X(write_payload_logged, "payload in the segment, no sequence yet")                        \
  X(write_announced, "in_flight holds its lower bound, the counter has not moved")          \
  X(write_sequenced, "the sequence is taken, the record has no header yet")                 \
  X(write_logged, "the trailer is stored, nothing is visible yet")                          \
  X(write_linked, "the versions are visible, the lane still held")                          \
  X(transaction_exclusive, "a transaction's commit holds all lanes, nothing validated yet") \
  X(batch_pending, "a batch has linked pending versions, no sequence yet")                  \
  X(batch_before_commit_word, "a batch is logged, its commit word still zero")              \
  X(gate_set, "a snapshot has set the gate and not drained the lanes")                      \
  X(gate_wait, "a writer met the gate and is about to wait")                                \
  X(snapshot_drained, "a snapshot has drained the lanes, the gate still set")               \
  X(snapshot_taken, "a snapshot has its sequence and is not registered yet")                \
  X(freeze_prepared, "a freezer has the next memtable and holds nothing")                   \
  X(clear_prepared, "a clear has the next memtable and holds nothing")                      \
  X(freeze_exclusive, "a freezer holds all lanes")                                          \
  X(freeze_double_check_lost, "a freezer found the memtable already frozen")                \
  X(freeze_swapped, "the new memtable is active, all lanes still held")                     \
  X(segment_grow, "a segment is about to grow")                                             \
  X(segment_created, "a new segment file exists and is synced, not in the manifest")        \
  X(sync_leader, "a thread has become the syncing leader")                                  \
  X(sync_gathering, "the leader is about to wait for those whom the last sync covered")     \
  X(sync_drained, "the leader has drained the lanes, before fdatasync")                     \
  X(sync_done, "fdatasync has returned, nobody is acknowledged yet")                        \
  X(sync_follower, "a thread waits for the syncing leader")                                 \
  X(sync_woken, "a thread that waited for the syncing leader has been woken")               \
  X(read_modify_write_read, "a read-modify-write has read with nothing held")               \
  X(skiplist_cas_retry, "a skiplist insert lost a compare-and-swap and tries again")        \
  X(skiplist_seek, "a skiplist cursor has searched, and not yet stepped to its entry")      \
  X(art_place_found, "a radix tree insert has found its place and holds nothing")           \
  X(art_insert_prepared, "a radix tree insert has made what it links, and holds nothing")   \
  X(art_place_checked, "a radix tree insert has its locks, and its place is as it was")     \
  X(art_node_given_up, "a node says that it is replaced, no link leads to the larger one")  \
  X(art_node_replaced, "a larger node can be reached, the locks are still held")            \
  X(art_retry, "a radix tree insert found its place changed and begins again")              \
  X(scan_chunk, "a scan is about to collect a chunk")                                       \
  X(thread_start, "an engine thread is about to be started")                                \
  X(flush_begin, "the background thread has chosen a memtable to flush")                    \
  X(flush_written, "a flushed table and its directory entry are synced, not named yet")     \
  X(flush_named, "the manifest names a flushed table, the view does not have it yet")       \
  X(flush_installed, "the view has a flushed table, its segment still exists")              \
  X(compaction_begin, "a compaction is planned, nothing read yet")                          \
  X(compaction_written, "its tables and their directory entries are synced, not named")     \
  X(compaction_named, "the manifest names its tables, the view has its inputs")             \
  X(compaction_installed, "the view has its tables, the inputs' files still exist")         \
  X(clear_finished, "the manifest has dropped what a clear has hidden")                     \
  X(load_turn, "a load has its turn, the lanes are not held yet")                           \
  X(load_written, "a load's tables are synced, all lanes held, the manifest not changed")   \
  X(load_named, "the manifest names a load's tables, the view does not have them yet")      \
  X(load_installed, "the view has a load's tables, dead segments still exist")              \
  X(recovery_begin, "locked, manifest read, before replay")                                 \
  X(recovery_replayed, "segments replayed, nothing written")                                \
  X(recovery_written, "recovered records are in tables and synced, manifest not changed")   \
  X(recovery_installed, "the manifest names the recovered tables")                          \
  X(manifest_appended, "a manifest edit is written, not synced")                            \
  X(manifest_written, "a new manifest file is synced, CURRENT still names the old one")     \
  X(table_block_seen, "a block's pointer is loaded under a guard, no reference yet")        \
  X(table_block_read, "a block is read and checked, not yet published")                     \
  X(table_block_lost, "another reader has published the same block before")                 \
  X(close_begin, "close refuses new calls")                                                 \
  X(close_synced, "close has synced the segments, no footer yet")                           \
  X(close_footer, "the footer is stored, not synced")

enum class SyncPoint : uint32_t {
#define SKIPLITH_NAME(name, meaning) name,
  SKIPLITH_SYNC_POINTS(SKIPLITH_NAME)
#undef SKIPLITH_NAME
      kCount
};

namespace sync_points {

extern std::atomic<bool> armed;
void reached(SyncPoint point);

// Called by the engine.
inline void reach(SyncPoint point) {
  // Relaxed: tests arm points before they start the threads that should see them.
  if (armed.load(std::memory_order_relaxed)) [[unlikely]]
    reached(point);
}

std::vector<std::string> names();
// True and the point, when there is one of that name.
bool find(const std::string& name, SyncPoint* point);

// Everything below is for tests. Actions run on the thread that reaches the point, with the
// engine's locks of that place held: they must not call the engine, nor Python.

// Starts counting hits of all points (counts begin at zero).
void arm();
// Disarms, drops all actions, lets every paused thread go.
void reset();
uint64_t hits(SyncPoint point);
void on(SyncPoint point, std::function<void()> action);

// Holds threads that reach a point until release(): the first `limit` of them.
class Pause {
 public:
  Pause(SyncPoint point, uint32_t limit);
  ~Pause();
  // Waits until `count` threads are, or were, held; false after `limit_ms` without it.
  bool wait_reached(uint32_t count, uint64_t limit_ms);
  uint32_t reached();
  void release();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// Ends the process as `kill -9` does when the point is reached for the nth time (from 1).
void kill_at(SyncPoint point, uint64_t nth);

}  // namespace sync_points
}  // namespace skiplith

#define SKIPLITH_SYNC_POINT(name) ::skiplith::sync_points::reach(::skiplith::SyncPoint::name)
