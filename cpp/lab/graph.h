// A directed graph, and a short cycle in it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace skiplith::lab {

class Graph {
 public:
  using Node = uint32_t;
  struct Edge {
    Node to;
    uint32_t label;  // whatever the caller makes of it
  };

  explicit Graph(size_t nodes) : edges_(nodes) {}
  size_t size() const { return edges_.size(); }
  Node add_node() {
    edges_.emplace_back();
    return static_cast<Node>(edges_.size() - 1);
  }
  void add_edge(Node from, Node to, uint32_t label) { edges_[from].push_back({to, label}); }
  const std::vector<Edge>& edges(Node from) const { return edges_[from]; }

  struct Link {
    Node from;
    uint32_t label;
  };
  // A shortest cycle through one of the nodes that lie on any; empty when there is none. The last
  // link leads back to the first node.
  std::vector<Link> find_cycle() const;

 private:
  // The strongly connected component of each node (Tarjan, 1972), numbered from 0; without
  // recursion, as graphs are deep.
  std::vector<uint32_t> components(uint32_t* count) const;
  // A shortest way from `start` back to itself within its component.
  std::vector<Link> shortest_cycle(Node start, const std::vector<uint32_t>& component) const;

  std::vector<std::vector<Edge>> edges_;
};

}  // namespace skiplith::lab
