#include "table/compression.h"

#include <lz4.h>
#include <zstd.h>

#include <new>

#include "base/check.h"
#include "base/coding.h"

namespace skiplith {
namespace {

constexpr size_t kRawBytesSize = 4;
constexpr int kZstdLevel = 1;
constexpr size_t kKeptBytes = size_t{1} << 20;
// The most that a compressed byte can stand for. LZ4: a length byte of a match. Zstandard: a
// block of 128 KiB of one byte takes four.
constexpr uint64_t kMostLz4 = 255;
constexpr uint64_t kMostZstd = 32'768;

struct FreeDecompressor {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

// Making one takes longer than decompressing a block.
ZSTD_DCtx* zstd_decompressor() {
  thread_local std::unique_ptr<ZSTD_DCtx, FreeDecompressor> context;
  if (context == nullptr) {
    context.reset(ZSTD_createDCtx());
    if (context == nullptr) throw std::bad_alloc();
  }
  return context.get();
}

}  // namespace

void Compressor::FreeContext::operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }

Compressor::Compressor(Compression compression)
    : compression_(compression),
      context_(compression == Compression::kZstd ? ZSTD_createCCtx() : nullptr) {
  if (compression == Compression::kZstd && context_ == nullptr) throw std::bad_alloc();
}

Compressor::~Compressor() = default;

Bytes Compressor::compress(Bytes head, Bytes tail) {
  // The memory of one giant is not kept for the blocks behind it.
  if (raw_.capacity() > kKeptBytes) raw_ = {};
  if (output_.capacity() > kKeptBytes) output_ = {};
  raw_.assign(head).append(tail);
  SKIPLITH_CHECK(raw_.size() <= kMaxPayloadBytes);
  const size_t most = raw_.size() - raw_.size() / 8;
  if (compression_ == Compression::kNone || most <= kRawBytesSize) return {};
  // Room for what saves an eighth: whoever needs more gives up.
  if (output_.size() < most) output_.resize(most);
  store_u32(output_.data(), static_cast<uint32_t>(raw_.size()));
  char* const to = output_.data() + kRawBytesSize;
  const size_t room = most - kRawBytesSize;
  size_t made = 0;
  if (compression_ == Compression::kLz4) {
    made = static_cast<size_t>(LZ4_compress_default(raw_.data(), to, static_cast<int>(raw_.size()),
                                                    static_cast<int>(room)));
  } else {
    made = ZSTD_compressCCtx(context_.get(), to, room, raw_.data(), raw_.size(), kZstdLevel);
    if (ZSTD_isError(made)) made = 0;
  }
  return made == 0 ? Bytes() : Bytes(output_.data(), kRawBytesSize + made);
}

uint64_t raw_bytes_of(Compression compression, Bytes compressed) {
  if (compressed.size() <= kRawBytesSize) return 0;
  const uint64_t raw = load_u32(compressed.data());
  const uint64_t most = compression == Compression::kLz4 ? kMostLz4 : kMostZstd;
  return raw <= kMaxPayloadBytes && raw / most <= compressed.size() ? raw : 0;
}

bool decompress(Compression compression, Bytes compressed, char* raw) {
  const uint64_t raw_bytes = raw_bytes_of(compression, compressed);
  if (raw_bytes == 0) return false;
  compressed.remove_prefix(kRawBytesSize);
  if (compression == Compression::kLz4) {
    const int made = LZ4_decompress_safe(
        compressed.data(), raw, static_cast<int>(compressed.size()), static_cast<int>(raw_bytes));
    return made >= 0 && static_cast<uint64_t>(made) == raw_bytes;
  }
  return ZSTD_decompressDCtx(zstd_decompressor(), raw, raw_bytes, compressed.data(),
                             compressed.size()) == raw_bytes;
}

}  // namespace skiplith
