// Opens a damaged database, looks at all of it through every door, and says what is wrong with the
// answers.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "support/damage_sample.h"

namespace skiplith::testing {

enum class Verdict : uint8_t {
  kNoticed,  // some answer is kCorruption or kFormat
  kRight,    // none is
  kEither,
};

// What a damaged database may answer. Whatever answer is no failure agrees with `content`.
struct Expectation {
  Verdict verdict = Verdict::kEither;
  const Pairs* content = nullptr;
  std::set<std::string> paths = {};  // of which a failure names one
};

class DamageJudge {
 public:
  explicit DamageJudge(const DamageSample& sample) : sample_(sample) {}

  // What is wrong with the answers of these files; empty: nothing. The files are as they were.
  // `deeply`: opens for writing too, on a copy, and once more after that. A database that does not
  // open is always tried for writing.
  std::string judge(MemoryFiles& files, const Expectation& expectation, bool deeply);

  // What is wrong with the answers of one that is open; empty: nothing.
  std::string read(Database& database, const Expectation& expectation);

  uint64_t cases() const { return cases_; }
  uint64_t noticed() const { return noticed_; }

 private:
  // Opens, reads everything, verifies, closes.
  std::string look(MemoryFiles& files, OpenMode mode, const Expectation& expectation);
  std::string scan(Database& database, const Expectation& expectation, bool forward);
  // Empty for ok and for a failure that may be.
  std::string check(const Status& status, const Expectation& expectation);

  const DamageSample& sample_;
  bool noticed_this_ = false;
  bool opened_ = false;
  uint64_t cases_ = 0;
  uint64_t noticed_ = 0;
};

}  // namespace skiplith::testing
