// memsim constants: the names that flags such as --prot understand.

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "client/cli/command.h"
#include "client/cli/json_object.h"
#include "client/cli/text_table.h"
#include "client/cli/usage_error.h"
#include "client/library/json_text.h"
#include "client/library/linux_constants.h"
#include "client/library/nearest_name.h"

namespace memsim::cli {
namespace {

void PrintFamily(const client::ConstantFamily& family, TextTable& table, Session& session) {
  for (const client::LinuxConstant& constant : family.constants) {
    // Small negative numbers, as AT_FDCWD.
    const auto as_signed = static_cast<std::int64_t>(constant.value);
    const std::string decimal =
        as_signed < 0 && as_signed > -1000 ? absl::StrCat(as_signed) : absl::StrCat(constant.value);
    const std::string hexadecimal = absl::StrCat("0x", absl::Hex(constant.value));
    if (session.json()) {
      JsonObject object;
      object.Add("family", family.name).Add("name", constant.name).Add("value", decimal);
      session.out() << object.ToString() << "\n";
    }
    table.AddRow({std::string(constant.name), decimal, hexadecimal});
  }
}

absl::StatusOr<ExitCode> Constants(const Arguments& arguments, Session& session) {
  std::vector<std::string> names;
  for (const client::ConstantFamily& family : client::ConstantFamilies()) names.emplace_back(family.name);
  const auto wanted = arguments.Positional(0);
  TextTable table({Alignment::kLeft, Alignment::kRight, Alignment::kRight});
  if (!wanted.has_value()) {
    for (const client::ConstantFamily& family : client::ConstantFamilies()) PrintFamily(family, table, session);
  } else {
    const auto* const family = client::FindConstantFamily(absl::AsciiStrToUpper(*wanted));
    if (family == nullptr)
      return UsageError("there is no family ", client::Printable(*wanted), client::DidYouMean(*wanted, names));
    PrintFamily(*family, table, session);
  }
  if (!session.json()) session.out() << table.ToString();
  return ExitCode::kFine;
}

}  // namespace

Command ConstantsCommand() {
  CommandSpec spec{
      "constants", "Help", "Lists Linux's constants, which flags such as --prot understand by name.", "", {}, {}, {}};
  spec.positionals = {
      {"FAMILY", "PROT, MAP, MADV, MREMAP, CLONE, O, RLIMIT, GFP, …  Left out: all.", Presence::kOptional}};
  spec.examples = {"memsim constants MAP"};
  return {spec, Constants};
}

}  // namespace memsim::cli
