#include "lab/linearizability.h"

#include "lab/search.h"

namespace skiplith::lab {

Checked check_linearizability(const std::vector<Operation>& operations, const Contents& initial,
                              const Budget& budget) {
  Values values;
  Allowance allowance(budget);
  Checked checked;
  for (const Part& part : split(operations, initial, &values)) {
    if (part.steps.empty()) continue;
    Search search(part, values, allowance);
    const Verdict verdict = search.run();
    if (verdict == Verdict::kHolds) continue;
    checked.verdict = verdict;
    checked.explanation = verdict == Verdict::kViolation
                              ? search.explanation()
                              : "The budget ran out after " + std::to_string(allowance.taken()) +
                                    " states, before an order was found or excluded.";
    break;
  }
  checked.steps = allowance.taken();
  return checked;
}

}  // namespace skiplith::lab
