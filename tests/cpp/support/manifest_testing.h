// A manifest in a directory of its own.
#pragma once

#include <memory>
#include <string>

#include "base/sync_points.h"
#include "io/file_names.h"
#include "lsm/manifest.h"
#include "support/faulty_directory.h"
#include "support/faulty_files.h"

namespace skiplith::testing {

inline constexpr DatabaseId kDatabase{{0x1122334455667788, 0x99aabbccddeeff00}};

inline void expect_ok(const Status& status) { EXPECT_TRUE(status.is_ok()) << status.to_string(); }

inline std::unique_ptr<Manifest> create_manifest(Files& files, const std::string& directory) {
  auto manifest = Manifest::create(files, directory, kDatabase, {});
  expect_ok(manifest.status());
  return std::move(*manifest);
}

inline std::unique_ptr<Manifest> load_manifest(const std::string& directory) {
  auto manifest = Manifest::load(posix_files(), directory);
  expect_ok(manifest.status());
  return std::move(*manifest);
}

inline uint64_t add_segment(Manifest& manifest) {
  const uint64_t number = manifest.take_file_number();
  expect_ok(manifest.append({.added_segments = {number}}));
  return number;
}

// Its keys are what a torn record must not be taken for: zeros, many in a row.
inline TableMeta table_with_zeros(uint64_t number) {
  return {.number = number,
          .level = 3,
          .bytes = 4321,
          .entries = 20,
          .tombstones = 3,
          .old_versions = 2,
          .smallest_sequence = 5,
          .largest_sequence = 2'000'000,
          .smallest_key = std::string(200, '\0'),
          .largest_key = std::string(321, '\0')};
}

class ManifestTest : public ::testing::Test {
 protected:
  ~ManifestTest() override { sync_points::reset(); }

  std::unique_ptr<Manifest> create() { return create_manifest(files_, directory_.path()); }
  std::unique_ptr<Manifest> load() { return load_manifest(directory_.path()); }
  Status load_status() { return Manifest::load(posix_files(), directory_.path()).take_status(); }
  std::string file_of(const Manifest& manifest) {
    return make_file_name({FileType::kManifest, manifest.number()});
  }
  FaultyDirectory directory_;
  FaultyFiles files_{posix_files()};
};

}  // namespace skiplith::testing
