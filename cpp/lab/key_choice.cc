#include "lab/key_choice.h"

#include <algorithm>
#include <cmath>

namespace skiplith::lab {
namespace {

constexpr double kTheta = 0.99;
constexpr double kAlpha = 1 / (1 - kTheta);

double zeta(uint64_t n) {
  double sum = 0;
  for (uint64_t i = 1; i <= n; ++i) sum += std::pow(static_cast<double>(i), -kTheta);
  return sum;
}

}  // namespace

std::optional<Distribution> distribution_named(std::string_view name) {
  if (name == "uniform") return Distribution::kUniform;
  if (name == "zipfian") return Distribution::kZipfian;
  if (name == "sequential") return Distribution::kSequential;
  return std::nullopt;
}

KeyChoice::KeyChoice(Distribution distribution, uint64_t keys, uint32_t threads)
    : distribution_(distribution), keys_(keys), threads_(threads) {
  if (distribution != Distribution::kZipfian) return;
  zeta_ = zeta(keys);
  eta_ = (1 - std::pow(2 / static_cast<double>(keys), 1 - kTheta)) / (1 - zeta(2) / zeta_);
}

KeyChoice::State KeyChoice::state(uint64_t seed, uint32_t thread) const {
  return {.random = Random(mixed(seed) + thread), .next = keys_ / threads_ * thread};
}

uint64_t KeyChoice::choose(State& state) const {
  switch (distribution_) {
    case Distribution::kUniform: return state.random.below(keys_);
    case Distribution::kZipfian: return mixed(rank(state.random) + 1) % keys_;
    case Distribution::kSequential: break;
  }
  const uint64_t chosen = state.next;
  state.next = chosen + 1 == keys_ ? 0 : chosen + 1;
  return chosen;
}

uint64_t KeyChoice::rank(Random& random) const {
  const double u = random.fraction();
  const double uz = u * zeta_;
  if (uz < 1 || keys_ == 1) return 0;
  if (uz < 1 + std::pow(0.5, kTheta)) return 1;
  const double place = static_cast<double>(keys_) * std::pow(eta_ * u - eta_ + 1, kAlpha);
  return std::min(static_cast<uint64_t>(place), keys_ - 1);
}

}  // namespace skiplith::lab
