#include "client/cli/machine_spec_flags.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "client/cli/field_value.h"
#include "client/cli/quantities.h"
#include "client/cli/usage_error.h"
#include "client/library/json_text.h"
#include "client/library/nearest_name.h"

namespace memsim::cli {
namespace {

// A field of the spec under a name that is quicker to type. The help, with ranges and defaults, is the field's comment.
struct SpecFlag {
  const char* name;
  const char* value_name;
  const char* field;
};
constexpr SpecFlag kSpecFlags[] = {{"memory", "SIZE", "memory_bytes"},
                                   {"reserved", "SIZE", "reserved_bytes"},
                                   {"cpus", "NUMBER", "cpu_count"},
                                   {"seed", "NUMBER", "seed"},
                                   {"aslr", "on|off", "address_randomization"},
                                   {"thp", "never|madvise|always", "transparent_huge_pages"},
                                   {"thp-defrag", "VALUE", "huge_page_defrag"}};

const std::vector<std::string>& SysctlNames() {
  static const auto* const kNames = [] {
    auto* const names = new std::vector<std::string>;
    for (int i = 0; i < v1::Sysctls::descriptor()->field_count(); ++i) {
      names->push_back(v1::Sysctls::descriptor()->field(i)->name());
    }
    return names;
  }();
  return *kNames;
}

// "overcommit_memory=2", or "vm.overcommit_memory=2" as sysctl(8) says.
absl::Status SetSysctl(absl::string_view text, v1::Sysctls& sysctls) {
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(text, absl::MaxSplits('=', 1));
  if (!absl::StrContains(text, "=")) return UsageError("--sysctl: \"", client::Printable(text), "\" is not NAME=VALUE");
  const std::string name(absl::StripPrefix(parts.first, "vm."));
  const auto* const field = v1::Sysctls::descriptor()->FindFieldByName(name);
  if (field == nullptr) {
    return UsageError("--sysctl: machines have no ", client::Printable(name), client::DidYouMean(name, SysctlNames()));
  }
  if (absl::Status status = SetField(sysctls, *field, parts.second); !status.ok()) {
    return UsageError("--sysctl ", client::Printable(text), ": ", status.message());
  }
  return absl::OkStatus();
}

// "page_zero=300ns".
absl::Status SetCost(absl::string_view text, v1::MachineSpec& spec) {
  const std::pair<std::string, absl::string_view> parts = absl::StrSplit(text, absl::MaxSplits('=', 1));
  if (!absl::StrContains(text, "=")) return UsageError("--cost: \"", client::Printable(text), "\" is not NAME=TIME");
  const absl::StatusOr<std::uint64_t> time = ParseNanoseconds(parts.second);
  if (!time.ok()) return UsageError("--cost: ", time.status().message());
  if (!spec.mutable_cost_ns()->insert({parts.first, *time}).second) {
    return UsageError("--cost names ", client::Printable(parts.first), " twice");
  }
  return absl::OkStatus();
}

absl::Status SetSpecField(const Arguments& arguments, const std::string& flag, absl::string_view field,
                          v1::MachineSpec& spec) {
  const auto text = arguments.Get(flag);
  if (!text.has_value()) return absl::OkStatus();
  absl::Status status = SetField(spec, *v1::MachineSpec::descriptor()->FindFieldByName(std::string(field)), *text);
  if (status.ok()) return status;
  // The message begins with the flag that the field would have; ours has a shorter name.
  const std::string message(status.message());
  return UsageError("--", flag, message.substr(message.find(": ")));
}

}  // namespace

std::vector<FlagSpec> MachineSpecFlags() {
  std::vector<FlagSpec> flags;
  for (const SpecFlag& flag : kSpecFlags) {
    std::string help = HelpOf(*v1::MachineSpec::descriptor()->FindFieldByName(flag.field));
    // Of a number like any other the comment has no need to say what 0 means.
    if (!absl::StrContains(help, "Left out")) absl::StrAppend(&help, " Left out: 0.");
    flags.push_back({flag.name, flag.value_name, std::move(help)});
  }
  flags.push_back({"sysctl", "NAME=VALUE",
                   absl::StrCat("A kernel parameter: ", absl::StrJoin(SysctlNames(), ", "), "."), Presence::kOptional,
                   Repetition::kMany});
  flags.push_back(
      {"cost", "NAME=TIME",
       "What a step of a call costs in virtual time, as in page_zero=300ns; a name that is none is answered "
       "with those that there are. Left out: the server's table.",
       Presence::kOptional, Repetition::kMany});
  return flags;
}

absl::StatusOr<v1::MachineSpec> MachineSpecFromArguments(const Arguments& arguments) {
  v1::MachineSpec spec;
  for (const SpecFlag& flag : kSpecFlags) {
    if (absl::Status status = SetSpecField(arguments, flag.name, flag.field, spec); !status.ok()) return status;
  }
  for (const std::string& text : arguments.GetAll("sysctl")) {
    if (absl::Status status = SetSysctl(text, *spec.mutable_sysctls()); !status.ok()) return status;
  }
  for (const std::string& text : arguments.GetAll("cost")) {
    if (absl::Status status = SetCost(text, spec); !status.ok()) return status;
  }
  return spec;
}

}  // namespace memsim::cli
