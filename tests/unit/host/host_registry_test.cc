// Machines come, are found and listed, and go.

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "tests/unit/host/host_test_fixture.h"

namespace memsim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class HostRegistryTest : public HostTest {
 protected:
  std::vector<std::string> Names(absl::string_view tenant, const MachineName* after, std::size_t limit) {
    std::vector<std::string> names;
    for (const MachineInfo& info : host().ListMachines(tenant, after, limit)) names.push_back(info.name.ToString());
    return names;
  }
  absl::Status TryCreate(const std::string& tenant, const std::string& id, const MachineSpec& spec = SmallSpec()) {
    return CreateMachineAndWait(host(), tenant, id, spec).status();
  }
};

TEST_F(HostRegistryTest, ACreatedMachineIsFoundByBothItsNames) {
  const MachineInfo info = Create("demo");
  EXPECT_EQ(info.name.ToString(), "tenants/default/machines/demo");
  EXPECT_FALSE(info.uid.empty());
  EXPECT_TRUE(info.spec.reserved.has_value()) << "the resolved spec";
  EXPECT_GT(info.host_memory.value(), 0U);
  for (const char* name : {"demo", "tenants/default/machines/demo"}) {
    const absl::StatusOr<MachineInfo> found = host().GetMachine(name);
    ASSERT_TRUE(found.ok()) << name;
    EXPECT_EQ(found->uid, info.uid);
  }
  EXPECT_THAT(host().GetMachine("tenants/other/machines/demo").status(), HasReason(v1::ERROR_REASON_MACHINE_NOT_FOUND));
}

TEST_F(HostRegistryTest, AMissingMachineIsNamedInTheError) {
  const absl::Status status = host().GetMachine("ghost").status();
  EXPECT_THAT(status, HasReason(v1::ERROR_REASON_MACHINE_NOT_FOUND));
  EXPECT_THAT(std::string(status.message()), HasSubstr("tenants/default/machines/ghost"));
  EXPECT_THAT(host().DeleteMachine("ghost"), HasReason(v1::ERROR_REASON_MACHINE_NOT_FOUND));
  EXPECT_THAT(Execute(BatchOf("ghost", BrkCall())), HasReason(v1::ERROR_REASON_MACHINE_NOT_FOUND));
  EXPECT_THAT(InspectAndWait(host(), "ghost", Soon(), [](const Machine&) {}),
              HasReason(v1::ERROR_REASON_MACHINE_NOT_FOUND));
}

TEST_F(HostRegistryTest, ANameIsTakenUntilItsMachineIsDeleted) {
  const std::string first_uid = Create("demo").uid;
  EXPECT_THAT(TryCreate("default", "demo"), HasReason(v1::ERROR_REASON_MACHINE_ALREADY_EXISTS));
  EXPECT_TRUE(TryCreate("other", "demo").ok());
  EXPECT_EQ(host().DeleteMachine("demo"), absl::OkStatus());
  EXPECT_NE(Create("demo").uid, first_uid);
}

TEST_F(HostRegistryTest, WithoutAnIdTheHostChoosesOne) {
  std::set<MachineName> names;
  for (int i = 0; i < 20; ++i) names.insert(Create("").name);
  EXPECT_EQ(names.size(), 20U);
  for (const MachineName& name : names) EXPECT_TRUE(MachineName::Parse(name.ToString()).ok()) << name.ToString();
}

TEST_F(HostRegistryTest, BadNamesAndSpecsAreRefusedAndTakeNoName) {
  EXPECT_THAT(TryCreate("default", "Demo"), HasReason(v1::ERROR_REASON_NAME_INVALID));
  EXPECT_THAT(TryCreate("-", "demo"), HasReason(v1::ERROR_REASON_NAME_INVALID));
  MachineSpec spec = SmallSpec();
  spec.cpu_count = 257;
  const absl::Status status = TryCreate("default", "demo", spec);
  EXPECT_THAT(status, HasReason(v1::ERROR_REASON_SPEC_INVALID));
  EXPECT_THAT(std::string(status.message()), HasSubstr("spec.cpu_count"));
  EXPECT_TRUE(TryCreate("default", "demo").ok());
}

TEST_F(HostRegistryTest, ListsAreOrderedByNameAndGoOnAfterAName) {
  for (const char* id : {"c", "a", "b", "a-1"}) Create(id);
  EXPECT_TRUE(TryCreate("zoo", "ape").ok());
  EXPECT_TRUE(TryCreate("abc", "bee").ok());
  EXPECT_THAT(Names("default", nullptr, 100), ElementsAre("tenants/default/machines/a", "tenants/default/machines/a-1",
                                                          "tenants/default/machines/b", "tenants/default/machines/c"));
  EXPECT_THAT(Names("default", nullptr, 2), ElementsAre("tenants/default/machines/a", "tenants/default/machines/a-1"));
  const MachineName after{"default", "a-1"};
  EXPECT_THAT(Names("default", &after, 100), ElementsAre("tenants/default/machines/b", "tenants/default/machines/c"));
  // Also when that machine is gone.
  EXPECT_EQ(host().DeleteMachine("a-1"), absl::OkStatus());
  EXPECT_THAT(Names("default", &after, 1), ElementsAre("tenants/default/machines/b"));
  EXPECT_THAT(Names("zoo", nullptr, 100), ElementsAre("tenants/zoo/machines/ape"));
  EXPECT_THAT(Names("nobody", nullptr, 100), ElementsAre());
  EXPECT_EQ(Names(kAnyTenant, nullptr, 100).size(), 5U);
  EXPECT_EQ(Names(kAnyTenant, nullptr, 100).front(), "tenants/abc/machines/bee");
  EXPECT_THAT(Names(kAnyTenant, &after, 2), ElementsAre("tenants/default/machines/b", "tenants/default/machines/c"));
}

TEST_F(HostRegistryTest, AMachineThatBootsHasItsNameAndIsNotSeen) {
  StartHost();
  Create("other");
  HeldMachine held(host(), "other");
  std::promise<absl::Status> created;
  host().CreateMachine("default", "demo", SmallSpec(),
                       [&created](absl::StatusOr<MachineInfo> info) { created.set_value(std::move(info).status()); });
  EXPECT_THAT(host().GetMachine("demo").status(), HasReason(v1::ERROR_REASON_MACHINE_NOT_FOUND));
  EXPECT_THAT(TryCreate("default", "demo"), HasReason(v1::ERROR_REASON_MACHINE_ALREADY_EXISTS));
  held.Release();
  EXPECT_EQ(created.get_future().get(), absl::OkStatus());
  EXPECT_TRUE(host().GetMachine("demo").ok());
}

TEST_F(HostRegistryTest, WhoHasSeenAMachineNeverReachesAnotherOfItsName) {
  auto look = [this](const std::string& uid) {
    std::promise<absl::Status> looked;
    host().Inspect(
        "demo", [&looked](absl::StatusOr<const Machine*> machine) { looked.set_value(std::move(machine).status()); },
        uid);
    return looked.get_future().get();
  };
  const std::string first = Create("demo").uid;
  EXPECT_EQ(look(first), absl::OkStatus());
  EXPECT_EQ(host().DeleteMachine("demo", first), absl::OkStatus());
  EXPECT_THAT(look(first), HasReason(v1::ERROR_REASON_MACHINE_DELETED));
  EXPECT_THAT(host().DeleteMachine("demo", first), HasReason(v1::ERROR_REASON_MACHINE_NOT_FOUND));
  const std::string second = Create("demo").uid;
  EXPECT_THAT(look(first), HasReason(v1::ERROR_REASON_MACHINE_DELETED));
  const absl::Status refused = host().DeleteMachine("demo", first);
  EXPECT_THAT(refused, HasReason(v1::ERROR_REASON_MACHINE_NOT_FOUND));
  EXPECT_THAT(std::string(refused.message()), HasSubstr(second));
  EXPECT_EQ(look(second), absl::OkStatus());
  EXPECT_EQ(host().DeleteMachine("demo", second), absl::OkStatus());
}

TEST_F(HostRegistryTest, TheNumberOfMachinesIsCapped) {
  HostOptions options;
  options.max_machines = 2;
  StartHost(options);
  Create("a");
  Create("b");
  EXPECT_THAT(TryCreate("default", "c"), HasReason(v1::ERROR_REASON_TOO_MANY_MACHINES));
  EXPECT_THAT(TryCreate("default", ""), HasReason(v1::ERROR_REASON_TOO_MANY_MACHINES));
  EXPECT_EQ(host().DeleteMachine("a"), absl::OkStatus());
  Create("c");
}

TEST_F(HostRegistryTest, InformationFollowsTheLastAnswer) {
  Create("demo");
  for (std::uint64_t i = 1; i <= 3; ++i) {
    EXPECT_EQ(Execute(BatchOf("demo", BrkCall())), absl::OkStatus());
    EXPECT_EQ(host().GetMachine("demo")->sequence, i);
  }
}

TEST_F(HostRegistryTest, ManyThreadsCreateListAndDeleteTheSameNames) {
  HostOptions options;
  options.worker_count = 4;
  StartHost(options);
  std::atomic<int> created = 0;
  std::atomic<int> deleted = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([this, t, &created, &deleted] {
      for (int i = 0; i < 40; ++i) {
        const std::string id = std::string("m-") + static_cast<char>('a' + (i + t) % 5);
        created += TryCreate("default", id).ok() ? 1 : 0;
        (void)Execute(BatchOf(id, BrkCall(), 10));
        (void)host().ListMachines("default", nullptr, 10);
        deleted += host().DeleteMachine(id).ok() ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::size_t left = host().ListMachines(kAnyTenant, nullptr, 100).size();
  EXPECT_EQ(created, deleted + static_cast<int>(left));
  EXPECT_EQ(host().Load().machines, left);
}

}  // namespace
}  // namespace memsim
