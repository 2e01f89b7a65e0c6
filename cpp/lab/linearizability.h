// Is there an order of all operations in which each answers what it was answered?
#pragma once

#include "lab/operation.h"
#include "lab/verdict.h"

namespace skiplith::lab {

// A history is linearizable when its operations, put into some one order, give the very answers
// that were given, one after the other; and an operation that ended before another began comes
// before it. Equal stamps decide nothing: the two count as concurrent. A pending operation may
// stand anywhere after its beginning, or be left out.
//
// The search is Wing and Gong's, which tries what may come next and goes back where nothing can,
// and remembers every configuration (the operations done, and the state) that it has been in, as
// Lowe proposed ("Testing for linearizability", 2017): each is looked at once. Configurations are
// told apart by 128 bits. Would two share them, a violation could be found where there is none,
// with a probability below 2^-80 at 10 million steps; none could be missed.
//
// `operations` are sorted by their beginning, as History::operations() has them. The budget is for
// all of them together: where it runs out, the rest is unknown, and a violation in it is missed.
Checked check_linearizability(const std::vector<Operation>& operations, const Contents& initial,
                              const Budget& budget = {});

}  // namespace skiplith::lab
