#include "lab/graph.h"

#include <algorithm>
#include <deque>

namespace skiplith::lab {

std::vector<uint32_t> Graph::components(uint32_t* count) const {
  constexpr uint32_t kNone = UINT32_MAX;
  struct Visit {
    Node node;
    size_t next_edge;
  };
  std::vector<uint32_t> component(size(), kNone), found_at(size(), kNone), lowest(size());
  std::vector<Node> open;  // found, and in no component yet
  std::vector<Visit> path;
  uint32_t found = 0;
  *count = 0;
  for (Node root = 0; root < size(); ++root) {
    if (found_at[root] != kNone) continue;
    path.push_back({root, 0});
    while (!path.empty()) {
      const Node node = path.back().node;
      if (path.back().next_edge == 0) {
        found_at[node] = lowest[node] = found++;
        open.push_back(node);
      }
      if (path.back().next_edge < edges_[node].size()) {
        const Node to = edges_[node][path.back().next_edge++].to;
        if (found_at[to] == kNone) {
          path.push_back({to, 0});
        } else if (component[to] == kNone) {
          lowest[node] = std::min(lowest[node], found_at[to]);
        }
        continue;
      }
      path.pop_back();
      if (!path.empty())
        lowest[path.back().node] = std::min(lowest[path.back().node], lowest[node]);
      if (lowest[node] != found_at[node]) continue;
      Node member;
      do {
        member = open.back();
        open.pop_back();
        component[member] = *count;
      } while (member != node);
      ++*count;
    }
  }
  return component;
}

std::vector<Graph::Link> Graph::shortest_cycle(Node start,
                                               const std::vector<uint32_t>& component) const {
  std::vector<Link> came_by(size(), Link{UINT32_MAX, 0});
  std::deque<Node> reached = {start};
  while (came_by[start].from == UINT32_MAX) {
    const Node node = reached.front();
    reached.pop_front();
    for (const auto& [to, label] : edges_[node]) {
      if (component[to] != component[start] || came_by[to].from != UINT32_MAX) continue;
      came_by[to] = {node, label};
      reached.push_back(to);
    }
  }
  std::vector<Link> cycle;
  Node node = start;
  do {
    cycle.push_back(came_by[node]);
    node = came_by[node].from;
  } while (node != start);
  std::ranges::reverse(cycle);
  return cycle;
}

std::vector<Graph::Link> Graph::find_cycle() const {
  uint32_t count;
  const std::vector<uint32_t> component = components(&count);
  std::vector<uint32_t> members(count);
  for (const uint32_t number : component) ++members[number];
  constexpr size_t kMostTried = 64;  // of the nodes on cycles: enough for a short one
  std::vector<Link> shortest;
  size_t tried = 0;
  for (Node node = 0; node < size() && tried < kMostTried; ++node) {
    if (members[component[node]] == 1) continue;
    ++tried;
    std::vector<Link> cycle = shortest_cycle(node, component);
    if (shortest.empty() || cycle.size() < shortest.size()) shortest = std::move(cycle);
  }
  return shortest;
}

}  // namespace skiplith::lab
