#include "support/damage_judge.h"

#include <algorithm>
#include <atomic>

namespace skiplith::testing {

std::string DamageJudge::judge(MemoryFiles& files, const Expectation& expectation, bool deeply) {
  ++cases_;
  std::string wrong = look(files, OpenMode::kRead, expectation);
  const bool noticed = noticed_this_;
  if (noticed) ++noticed_;
  if (!wrong.empty()) return "read-only: " + wrong;
  if (!opened_) {
    wrong = look(files, OpenMode::kWrite, expectation);
  } else if (deeply) {
    const auto copy = files.kill();
    wrong = look(*copy, OpenMode::kWrite, expectation);
    // What was recovered stays.
    if (wrong.empty() && !noticed_this_) wrong = look(*copy, OpenMode::kRead, expectation);
  } else {
    return "";
  }
  if (wrong.empty() && noticed_this_ != noticed) wrong = "noticed in one mode only";
  return wrong.empty() ? "" : "for writing: " + wrong;
}

std::string DamageJudge::look(MemoryFiles& files, OpenMode mode, const Expectation& expectation) {
  noticed_this_ = false;
  std::atomic<uint64_t> changes{0};
  files.on_operation([&](Operation operation, const std::string&, uint64_t) {
    if (operation != Operation::kLock) changes.fetch_add(1);
  });
  auto opened = Database::open(files, kSampleDirectory, mode, sample_options(Compression::kLz4));
  opened_ = opened.is_ok();
  std::string wrong;
  if (opened_) {
    wrong = read(**opened, expectation);
    if (wrong.empty()) wrong = check((*opened)->close(), expectation);
  } else {
    wrong = check(opened.status(), expectation);
  }
  opened = Status::closed();
  files.on_operation({});
  if (!wrong.empty()) return wrong;
  if ((!opened_ || mode == OpenMode::kRead) && changes.load() != 0) return "the files were changed";
  if (expectation.verdict == Verdict::kNoticed && !noticed_this_) return "nothing was noticed";
  return "";
}

std::string DamageJudge::check(const Status& status, const Expectation& expectation) {
  if (status.is_ok()) return "";
  noticed_this_ = true;
  const bool expected =
      expectation.verdict != Verdict::kRight &&
      (status.code() == StatusCode::kCorruption || status.code() == StatusCode::kFormat) &&
      expectation.paths.contains(status.path());
  return expected ? "" : status.to_string();
}

std::string DamageJudge::read(Database& database, const Expectation& expectation) {
  std::string wrong = scan(database, expectation, true);
  if (wrong.empty()) wrong = scan(database, expectation, false);
  for (const std::string& key : sample_.keys) {
    if (!wrong.empty()) return wrong;
    Value value;
    const Status status = database.get(key, &value);
    wrong = check(status, expectation);
    if (!status.is_ok()) continue;
    const auto pair = expectation.content->find(key);
    const bool exists = pair != expectation.content->end();
    if (value.found() != exists || (exists && value.bytes() != pair->second)) {
      wrong = "another value of \"" + key + "\"";
    }
  }
  return wrong.empty() ? check(database.verify(), expectation) : wrong;
}

std::string DamageJudge::scan(Database& database, const Expectation& expectation, bool forward) {
  auto cursor = database.cursor();
  if (!cursor.is_ok()) return check(cursor.status(), expectation);
  std::vector<const Pairs::value_type*> pairs;
  for (const auto& pair : *expectation.content) pairs.push_back(&pair);
  if (!forward) std::reverse(pairs.begin(), pairs.end());
  Status status = forward ? (*cursor)->first() : (*cursor)->last();
  for (const auto* pair : pairs) {
    if (!status.is_ok()) return check(status, expectation);
    if (!(*cursor)->valid()) return "a scan ends before \"" + pair->first + "\"";
    if ((*cursor)->key() != pair->first || (*cursor)->value() != pair->second) {
      return "a scan comes to another pair than \"" + pair->first + "\"";
    }
    status = forward ? (*cursor)->next() : (*cursor)->prev();
  }
  if (status.is_ok() && (*cursor)->valid()) return "a scan goes on behind the last pair";
  return check(status, expectation);
}

}  // namespace skiplith::testing
