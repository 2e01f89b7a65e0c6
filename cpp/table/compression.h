// Compressing payloads, and getting them back from bytes that may be anything.
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"

struct ZSTD_CCtx_s;

namespace skiplith {

// Written to disk: frozen.
enum class Compression : uint8_t { kNone = 0, kLz4 = 1, kZstd = 2 };

// No payload is larger: a value, its key, and little more.
inline constexpr uint64_t kMaxPayloadBytes = (uint64_t{1} << 30) + (uint64_t{1} << 20);

// Compressed bytes are [raw bytes u32][what the library made of them]. One thread at a time.
class Compressor {
 public:
  explicit Compressor(Compression compression);
  ~Compressor();
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;

  // Compresses head and tail as one. The result is good until the next call; empty when it would
  // save less than an eighth.
  Bytes compress(Bytes head, Bytes tail);

 private:
  struct FreeContext {
    void operator()(ZSTD_CCtx_s* context) const;
  };
  const Compression compression_;
  const std::unique_ptr<ZSTD_CCtx_s, FreeContext> context_;  // kZstd only
  std::string raw_;
  std::string output_;
};

// How long the raw bytes are said to be; 0 when `compressed` cannot hold as many.
uint64_t raw_bytes_of(Compression compression, Bytes compressed);
// Fills `raw` with raw_bytes_of() bytes; false when `compressed` does not say what they are.
bool decompress(Compression compression, Bytes compressed, char* raw);

}  // namespace skiplith
