#include "io/file_names.h"

#include <gtest/gtest.h>

namespace skiplith {
namespace {

TEST(FileNames, NamesAreTheDocumentedOnes) {
  EXPECT_EQ(make_file_name({FileType::kLock}), "LOCK");
  EXPECT_EQ(make_file_name({FileType::kCurrent}), "CURRENT");
  EXPECT_EQ(make_file_name({FileType::kTemporary}), "CURRENT.tmp");
  EXPECT_EQ(make_file_name({FileType::kManifest, 1}), "000001.manifest");
  EXPECT_EQ(make_file_name({FileType::kSegment, 22}), "000022.log");
  EXPECT_EQ(make_file_name({FileType::kTable, 1234567}), "1234567.sst");
  EXPECT_EQ(make_file_name({FileType::kTemporary, 999999}), "999999.tmp");
}

TEST(FileNames, ParsingUndoesMaking) {
  for (const FileType type : {FileType::kLock, FileType::kCurrent, FileType::kTemporary}) {
    EXPECT_EQ(parse_file_name(make_file_name({type})), (FileName{type, 0}));
  }
  for (const FileType type :
       {FileType::kManifest, FileType::kSegment, FileType::kTable, FileType::kTemporary}) {
    for (const uint64_t number :
         {uint64_t{1}, uint64_t{999999}, uint64_t{1000000}, uint64_t{1} << 40, UINT64_MAX / 2}) {
      EXPECT_EQ(parse_file_name(make_file_name({type, number})), (FileName{type, number}));
    }
  }
}

TEST(FileNames, OnlyExactNamesAreOurs) {
  for (const char* foreign : {"",
                              "lock",
                              "LOCK ",
                              "CURRENT.bak",
                              "notes.tmp",
                              "LOCK.tmp",
                              "1.log",
                              "00001.log",
                              "0000001.log",
                              "000000.log",
                              "000001",
                              "000001.",
                              "000001.LOG",
                              "000001.log.gz",
                              "000001.tmp.tmp",
                              "-00001.log",
                              "+00001.log",
                              " 000001.log",
                              "000001.log\n",
                              "a00001.log",
                              "MANIFEST-000001",
                              "000001.ldb",
                              "99999999999999999999999.log",
                              "18446744073709551615.log"}) {
    EXPECT_EQ(parse_file_name(foreign), std::nullopt) << foreign;
  }
}

TEST(FileNames, PathsJoinWithOneSlash) {
  EXPECT_EQ(join_path("a/b", "LOCK"), "a/b/LOCK");
  EXPECT_EQ(join_path("a/b/", "LOCK"), "a/b/LOCK");
  EXPECT_EQ(join_path("/", "LOCK"), "/LOCK");
  EXPECT_EQ(join_path("", "LOCK"), "LOCK");
  EXPECT_EQ(file_path("a", {FileType::kSegment, 7}), "a/000007.log");
}

}  // namespace
}  // namespace skiplith
