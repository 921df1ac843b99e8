#include "server/base/id_table.h"

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace memsim {
namespace {

using NameId = Unit<struct NameIdTag, std::uint32_t>;
using Names = IdTable<NameId, char>;

// A, B and C, with the ids 1, 2 and 3.
struct Abc : Names {
  Abc() {
    for (const char name : {'A', 'B', 'C'}) Add(name);
  }
};

TEST(IdTableTest, IdsCountFromOne) {
  Names names;
  EXPECT_EQ(names.Add('A'), NameId(1));
  EXPECT_EQ(names.Add('B'), NameId(2));
  names.CheckInvariants();
  EXPECT_EQ(names[NameId(1)], 'A');
  EXPECT_EQ(std::as_const(names)[NameId(2)], 'B');
  EXPECT_EQ(names.size(), 2U);
}

TEST(IdTableTest, TheIdFreedLastIsGivenFirst) {
  Abc names;
  names.Remove(NameId(1));
  names.Remove(NameId(3));
  names.CheckInvariants();
  EXPECT_EQ(names.size(), 1U);
  EXPECT_EQ(names.free_ids(), (std::vector<NameId>{NameId(1), NameId(3)}));
  EXPECT_EQ(names.Add('D'), NameId(3));
  EXPECT_EQ(names.Add('E'), NameId(1));
  EXPECT_EQ(names.Add('F'), NameId(4));
  names.CheckInvariants();
  EXPECT_EQ(names.values(), (std::vector<char>{'E', 'B', 'D', 'F'}));
  EXPECT_EQ(names.size(), 4U);
}

TEST(IdTableTest, AFreedValueStaysUntilItsIdIsGivenAgain) {
  Abc names;
  names.Remove(NameId(2));
  names.CheckInvariants();
  EXPECT_EQ(names.values(), (std::vector<char>{'A', 'B', 'C'}));
  names.Add('D');
  EXPECT_EQ(names.values(), (std::vector<char>{'A', 'D', 'C'}));
}

TEST(IdTableTest, WhatIsPointedToDoesNotMove) {
  IdTable<NameId, std::unique_ptr<int>> numbers;
  const int* first = numbers[numbers.Add(std::make_unique<int>(7))].get();
  for (int i = 0; i < 1000; ++i) numbers.Add(std::make_unique<int>(i));
  numbers.CheckInvariants();
  EXPECT_EQ(numbers[NameId(1)].get(), first);
  EXPECT_EQ(*first, 7);
}

TEST(IdTableDeathTest, AnIdThatWasNeverGivenStopsTheProgram) {
  Abc names;
  EXPECT_DEATH(names[NameId(0)], "check failed");
  EXPECT_EQ(names[NameId(3)], 'C');
  EXPECT_DEATH(names[NameId(4)], "check failed");
  EXPECT_DEATH(std::as_const(names)[NameId(0)], "check failed");
  EXPECT_DEATH(names.Remove(NameId(0)), "check failed");
  EXPECT_DEATH(names.Remove(NameId(4)), "check failed");
  EXPECT_DEATH(Names()[NameId(1)], "check failed");
}

TEST(IdTableDeathTest, TheInvariantsSeeAnIdThatIsFreeTwice) {
  Abc names;
  names.Remove(NameId(2));
  names.Remove(NameId(2));
  EXPECT_DEATH(names.CheckInvariants(), "check failed");
}

}  // namespace
}  // namespace memsim
