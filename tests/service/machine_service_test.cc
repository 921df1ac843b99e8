// Machines as resources.

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/empty.pb.h"

#include "tests/service/server_test_fixture.h"

namespace memsim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class MachineServiceTest : public ServerTest {
 protected:
  v1::ListMachinesResponse List(const std::string& parent, int page_size, const std::string& token) {
    v1::ListMachinesRequest request;
    request.set_parent(parent);
    request.set_page_size(page_size);
    request.set_page_token(token);
    v1::ListMachinesResponse response;
    const RpcEnd end = Call(absl::StrCat(kMachineService, "ListMachines"), request, &response);
    EXPECT_TRUE(end.ok()) << end;
    return response;
  }
};

TEST_F(MachineServiceTest, ACreatedMachineShowsItsResolvedSpec) {
  const auto before = std::chrono::system_clock::now();
  v1::CreateMachineRequest request;
  request.set_parent("tenants/acme");
  request.set_machine_id("demo");
  v1::Machine machine;
  ASSERT_TRUE(Call(absl::StrCat(kMachineService, "CreateMachine"), request, &machine).ok());
  EXPECT_EQ(machine.name(), "tenants/acme/machines/demo");
  EXPECT_FALSE(machine.uid().empty());
  EXPECT_EQ(machine.spec().cpu_count(), 2U);
  EXPECT_EQ(machine.spec().memory_bytes(), 4ULL << 30);
  EXPECT_GT(machine.spec().reserved_bytes(), 0U);
  EXPECT_EQ(machine.spec().address_randomization(), v1::ADDRESS_RANDOMIZATION_ON);
  EXPECT_EQ(machine.spec().sysctls().max_map_count(), 65530U);
  EXPECT_GT(machine.spec().model_version(), 0U);
  EXPECT_EQ(machine.sequence(), 0U);
  EXPECT_EQ(machine.state_digest() + machine.answer_digest(), "") << "nobody asked for them";
  EXPECT_GT(machine.host_memory_bytes(), 0U);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(before.time_since_epoch()).count();
  EXPECT_GE(machine.create_time().seconds(), seconds);
  EXPECT_LE(machine.create_time().seconds(), seconds + 60);
  EXPECT_EQ(GetMachine(machine.name(), v1::MACHINE_VIEW_UNSPECIFIED).DebugString(), machine.DebugString());
  EXPECT_EQ(GetMachine(machine.name(), v1::MACHINE_VIEW_BASIC).DebugString(), machine.DebugString());
  v1::Machine with_digests = GetMachine(machine.name(), v1::MACHINE_VIEW_WITH_DIGESTS);
  EXPECT_EQ(with_digests.state_digest().size(), 32U);
  EXPECT_EQ(with_digests.answer_digest().size(), 32U);
  with_digests.clear_state_digest();
  with_digests.clear_answer_digest();
  EXPECT_EQ(with_digests.DebugString(), machine.DebugString());
}

TEST_F(MachineServiceTest, WhoWantsNoDigestsDoesNotWaitForTheMachine) {
  CreateMachine("demo");
  ExpectServes("demo");
  HeldMachine held(server().host(), "demo");
  EXPECT_EQ(GetMachine("demo", v1::MACHINE_VIEW_BASIC).sequence(), 1U);
}

TEST_F(MachineServiceTest, WithoutAnIdTheServerChoosesOne) {
  EXPECT_THAT(CreateMachine("").name(), StartsWith("tenants/default/machines/machine-"));
}

TEST_F(MachineServiceTest, PagesFollowEachOtherWithoutGapsOrRepetitions) {
  std::vector<std::string> expected;
  for (int i = 0; i < 7; ++i) expected.push_back(CreateMachine(absl::StrCat("m", i)).name());
  for (const int size : {1, 2, 3, 6, 7, 8}) {
    std::vector<std::string> names;
    std::string token;
    do {
      const v1::ListMachinesResponse page = List("", size, token);
      EXPECT_LE(page.machines_size(), size);
      for (const v1::Machine& machine : page.machines()) names.push_back(machine.name());
      token = page.next_page_token();
    } while (!token.empty());
    EXPECT_EQ(names, expected) << "pages of " << size;
  }
  EXPECT_EQ(List("", 100'000, "").machines_size(), 7) << "a size beyond the largest is the largest";
  EXPECT_EQ(List("tenants/-", 0, "").machines_size(), 7);
  EXPECT_EQ(List("tenants/nobody", 0, "").machines_size(), 0);
}

TEST_F(MachineServiceTest, AMachineThatIsDeletedBetweenPagesDoesNotMatter) {
  for (const char* id : {"a", "b", "c"}) CreateMachine(id);
  const std::string token = List("", 2, "").next_page_token();
  EXPECT_EQ(server().host().DeleteMachine("b"), absl::OkStatus());
  const v1::ListMachinesResponse page = List("", 2, token);
  ASSERT_EQ(page.machines_size(), 1);
  EXPECT_EQ(page.machines(0).name(), "tenants/default/machines/c");
}

TEST_F(MachineServiceTest, ADeletedMachineIsGoneAndItsNameIsFree) {
  const std::string uid = CreateMachine("demo").uid();
  v1::DeleteMachineRequest request;
  request.set_name("demo");
  EXPECT_TRUE(Call(absl::StrCat(kMachineService, "DeleteMachine"), request).ok());
  EXPECT_THAT(Call(absl::StrCat(kMachineService, "DeleteMachine"), request),
              IsMisuse(v1::ERROR_REASON_MACHINE_NOT_FOUND, "demo"));
  EXPECT_NE(CreateMachine("demo").uid(), uid);
}

TEST_F(MachineServiceTest, WithAUidOnlyThatMachineIsDeleted) {
  v1::DeleteMachineRequest request;
  request.set_name("demo");
  request.set_uid(CreateMachine("demo").uid());
  EXPECT_TRUE(Call(absl::StrCat(kMachineService, "DeleteMachine"), request).ok());
  const std::string uid = CreateMachine("demo").uid();
  EXPECT_THAT(Call(absl::StrCat(kMachineService, "DeleteMachine"), request),
              IsMisuse(v1::ERROR_REASON_MACHINE_NOT_FOUND, uid));
  ExpectServes("demo");
}

TEST_F(MachineServiceTest, ProcFilesAreReadWithAndWithoutTheirPrefix) {
  CreateMachine("demo");
  ExpectServes("demo");
  v1::ReadProcRequest request;
  request.set_name("demo");
  std::set<std::string> contents;
  for (const char* path : {"meminfo", "/proc/meminfo"}) {
    request.set_path(path);
    v1::ReadProcResponse response;
    const RpcEnd end = Call(absl::StrCat(kMachineService, "ReadProc"), request, &response);
    ASSERT_TRUE(end.ok()) << end;
    EXPECT_THAT(response.content(), StartsWith("MemTotal: "));
    EXPECT_EQ(response.sequence(), 1U);
    contents.insert(response.content());
  }
  EXPECT_EQ(contents.size(), 1U);
}

TEST_F(MachineServiceTest, PartsOfProcFilesAreRead) {
  CreateMachine("demo");
  v1::ReadProcRequest request;
  request.set_name("demo");
  request.set_path("sys/vm/max_map_count");
  request.set_offset_bytes(2);
  request.set_length_bytes(2);
  v1::ReadProcResponse response;
  const std::string method = absl::StrCat(kMachineService, "ReadProc");
  ASSERT_TRUE(Call(method, request, &response).ok());
  EXPECT_EQ(response.content(), "53");
  request.set_path("1/pagemap");
  EXPECT_THAT(Call(method, request), IsMisuse(v1::ERROR_REASON_FIELD_INVALID, "multiples of 8"));
  request.set_offset_bytes(8);
  request.set_length_bytes(16);
  ASSERT_TRUE(Call(method, request, &response).ok());
  EXPECT_EQ(response.content(), std::string(16, '\0'));
  // 256 GiB.
  request.set_length_bytes(0);
  EXPECT_THAT(Call(method, request), IsMisuse(v1::ERROR_REASON_ANSWER_TOO_LARGE, "of pagemap ask for a part"));
  request.set_path("99/pagemap");
  EXPECT_THAT(Call(method, request), IsMisuse(v1::ERROR_REASON_PROC_PATH_NOT_FOUND, "/proc/99/pagemap"));
}

TEST_F(MachineServiceTest, CountersAreDeclaredWithNameUnitAndHelp) {
  CreateMachine("demo");
  ExpectServes("demo");
  v1::GetCountersRequest request;
  request.set_name("demo");
  v1::GetCountersResponse response;
  ASSERT_TRUE(Call(absl::StrCat(kMachineService, "GetCounters"), request, &response).ok());
  EXPECT_EQ(response.sequence(), 1U);
  EXPECT_GT(response.counters_size(), 20);
  std::set<std::string> keys;
  for (const v1::Counter& counter : response.counters()) {
    EXPECT_FALSE(counter.name().empty());
    EXPECT_FALSE(counter.unit().empty()) << counter.name();
    EXPECT_FALSE(counter.help().empty()) << counter.name();
    EXPECT_NE(counter.kind(), v1::COUNTER_KIND_UNSPECIFIED) << counter.name();
    const std::string order = counter.has_order() ? absl::StrCat(counter.order()) : "";
    const std::string cpu = counter.has_cpu() ? absl::StrCat(counter.cpu()) : "";
    const std::string key =
        absl::StrCat(counter.name(), "/", counter.zone(), "/", order, "/", cpu, "/", counter.lock_class());
    EXPECT_TRUE(keys.insert(key).second) << key;
    if (counter.name() == "calls") {
      EXPECT_EQ(counter.value(), 1);
    }
  }
}

}  // namespace
}  // namespace memsim
