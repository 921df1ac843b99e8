// MachineTwin's loads and stores: what memory and files hold.

#include <algorithm>

#include "tests/model/machine_twin.h"

namespace memsim {
namespace {

constexpr std::uint64_t kPage = 4096;

// Calls visit(SlowPage&, place in the page, place in the row, length) for each page of a row of bytes, all of which are
// mapped.
template <typename Memory, typename Visitor>
void ForEachPart(Memory& memory, std::uint64_t address, std::uint64_t length, Visitor visit) {
  for (std::uint64_t done = 0; done < length;) {
    const std::uint64_t at = address + done;
    const std::uint64_t part = std::min(length - done, kPage - at % kPage);
    visit(memory.pages.at(at / kPage), at % kPage, done, part);
    done += part;
  }
}

// Whether a byte of the row would lie behind the end of a file that others see too: what becomes of it depends on when
// the file is written back.
bool PassesEnd(const SlowMemory& memory, std::uint64_t address, std::uint64_t length) {
  for (std::uint64_t page = address / kPage; page <= (address + length - 1) / kPage; ++page) {
    const SlowPage* found = memory.Find(page);
    if (found == nullptr || !found->shared || !found->HasFilePages()) continue;
    const std::uint64_t end = std::min(address + length - page * kPage, kPage);
    if (found->index * kPage + end > found->inode->size) return true;
  }
  return false;
}

}  // namespace

std::string MachineTwin::BytesOf(const MachineOperation& op, std::uint64_t length) {
  std::string bytes(length, '\0');
  if (op.a == 2) return bytes;
  std::uint64_t number = op.place * 31 + op.b + op.process;
  for (char& byte : bytes) {
    number = number * 6364136223846793005 + 1442695040888963407;
    byte = static_cast<char>(number >> 60);
  }
  return bytes;
}

std::string MachineTwin::CompareBytes(const SlowMemory& memory, std::uint64_t address, const std::string& loaded) {
  std::string difference;
  ForEachPart(
      memory, address, loaded.size(),
      [&](const SlowPage& page, std::uint64_t offset, std::uint64_t done, std::uint64_t part) {
        const std::optional<std::string> expected = page.Load(offset, part);
        if (!expected.has_value() || loaded.compare(done, part, *expected) == 0 || !difference.empty()) return;
        const auto wrong =
            std::mismatch(expected->begin(), expected->end(), loaded.begin() + static_cast<std::ptrdiff_t>(done));
        difference = absl::StrCat(
            "load: byte ", absl::Hex(address + done + static_cast<std::uint64_t>(wrong.first - expected->begin())),
            " is ", static_cast<int>(*wrong.second), ", expected ", static_cast<int>(*wrong.first));
      });
  return difference;
}

std::string MachineTwin::MoveBytes(const MachineOperation& op, Caller caller) {
  const std::uint64_t address = AddressOf(op.place, caller.memory) + op.b % kPage;
  const std::uint64_t length = (op.b >> 12) % 16384;
  const bool stores = op.a != 0;
  SlowMemory& memory = caller.memory;
  if (length != 0 && stores && PassesEnd(memory, address, length)) return "";
  const std::int64_t kills = OomKills();
  const std::shared_ptr<SlowMemory> kept = caller.process.memory;
  const TouchForecast forecast = memory.Access(address, length, stores ? AccessKind::kWrite : AccessKind::kRead);
  const std::string stored = stores ? BytesOf(op, length) : "";
  std::string loaded;
  const ErrnoOr<TransferResult> result =
      stores ? machine_.Store(caller.pid, VirtualAddress(address), stored)
             : machine_.Load(caller.pid, VirtualAddress(address), ByteCount(length), loaded);
  if (!result.ok()) return absl::StrCat("bytes: ", ErrnoName(result.error()));
  const AccessResult& access = result->access;
  const bool killed = access.signal.has_value() && access.signal->number == SignalNumber::kKill;
  if (OomKills() != kills || killed || forecast.unforeseeable) {
    if (forecast.unforeseeable && !killed && OomKills() == kills) Adopt(caller.pid, memory);
    kept->ForgetPresence(address / kPage, (address + length) / kPage + 1);
    // What was stored to others' memory is there all the same.
    if (stores)
      ForEachPart(*kept, address, result->done.value(),
                  [&](SlowPage& page, std::uint64_t offset, std::uint64_t done, std::uint64_t part) {
                    if (page.shared) page.Store(offset, stored.substr(done, part));
                  });
    BuryTheKilled();
    return "";
  }
  const std::uint64_t before_signal = !forecast.signal.has_value() ? length
                                      : forecast.signal->code == SignalCode::kKernel
                                          ? result->done.value()
                                          : forecast.signal->address.value() - address;
  if (access.signal != forecast.signal || result->done != ByteCount(before_signal)) {
    return absl::StrCat("bytes: ", result->done.value(), ", expected ", before_signal, "; signal ",
                        access.signal ? static_cast<int>(access.signal->number) : 0, ", expected ",
                        forecast.signal ? static_cast<int>(forecast.signal->number) : 0);
  }
  const std::uint64_t faults = access.minor_faults + access.major_faults;
  if (faults < forecast.least_faults || faults > forecast.most_faults) {
    return absl::StrCat("bytes: ", faults, " faults, expected ", forecast.least_faults, " to ", forecast.most_faults);
  }
  if (!stores) return CompareBytes(memory, address, loaded);
  ForEachPart(memory, address, before_signal,
              [&](SlowPage& page, std::uint64_t offset, std::uint64_t done, std::uint64_t part) {
                page.Store(offset, stored.substr(done, part));
              });
  return "";
}

}  // namespace memsim
