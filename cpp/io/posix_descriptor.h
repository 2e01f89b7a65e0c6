// One open descriptor and the two habits every system call here has: it is called again when a
// signal interrupts it, and its failure names the path and what was tried.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "base/status.h"

namespace skiplith {

// Calls until the outcome is not EINTR. Not for close(2): Linux closes even then.
template <typename Call>
auto uninterrupted(Call call) {
  for (;;) {
    const auto outcome = call();
    if (outcome != -1 || errno != EINTR) return outcome;
  }
}

// What the call that has just failed says, as a status; `tried` is one or two words.
inline Status failed(const std::string& path, const char* tried) {
  return Status::storage(errno, path, tried);
}

// Closed with its owner, and never inherited by a program that the process starts.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      close();
      number_ = std::exchange(other.number_, -1);
    }
    return *this;
  }
  ~Descriptor() { close(); }

  int number() const { return number_; }
  bool is_open() const { return number_ != -1; }

  // 0, or -1 with errno; EINTR is no failure. Closed in any case.
  int close() {
    if (number_ == -1) return 0;
    const int outcome = ::close(std::exchange(number_, -1));
    return outcome == -1 && errno == EINTR ? 0 : outcome;
  }
  // The caller closes.
  int give_up() { return std::exchange(number_, -1); }

 private:
  int number_ = -1;
};

// O_CLOEXEC is added; rights are what the umask leaves of read and write for all.
inline Result<Descriptor> open_descriptor(const std::string& path, int flags) {
  const int number = uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0666); });
  if (number == -1) return failed(path, "open");
  return Descriptor(number);
}

}  // namespace skiplith
