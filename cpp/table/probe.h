// Looking up several keys in tables at once.
#pragma once

#include <span>

#include "table/data_block.h"
#include "table/frame.h"
#include "table/wanted_key.h"

namespace skiplith {

class Table;

// The look-up of one key in one table, in what is resident, in steps: each asks for the memory that
// the next one reads. So the misses of several look-ups are waited for together, where those of
// Table::get come one after the other. Answers as Table::get with kResidentOnly, and like there the
// caller holds an epoch guard until it has kept the values.
class Probe {
 public:
  Probe() = default;
  Probe(Table& table, WantedKey& wanted) : table_(&table), wanted_(&wanted) {}

  // All of them to their ends: `wanted` has the answers.
  static void run(std::span<Probe> probes, Sequence at);

 private:
  // The steps, in this order. False: there is an answer.
  bool open_table();
  bool pass_filter(Sequence at);
  bool enter_block();
  bool enter_group(Sequence at);
  bool find(Sequence at);
  bool end(Lookup found);
  bool end_without(DataBlock::Found found, Sequence at);

  Table* table_ = nullptr;
  WantedKey* wanted_ = nullptr;
  const Frame* frame_ = nullptr;
  uint32_t block_index_ = 0;
  Block* block_ = nullptr;
  DataBlock data_;
  DataBlock::Spot spot_;
};

}  // namespace skiplith
