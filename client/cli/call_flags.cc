#include "client/cli/call_flags.h"

#include <algorithm>
#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

#include "client/cli/call_hints.h"
#include "client/cli/field_value.h"
#include "client/cli/quantities.h"
#include "client/cli/usage_error.h"
#include "client/library/json_text.h"
#include "memsim/v1/options.pb.h"
#include "proto/api_comments.h"
#include "proto/call_limits.h"

namespace memsim::cli {
namespace {

using google::protobuf::FieldDescriptor;

// The process of a call that names none: init, which every machine has.
constexpr char kDefaultPid[] = "1";

// Every default of the operation, "pid" included.
std::vector<FlagDefault> DefaultsOf(const Operation& operation) {
  const CallHints& hints = HintsFor(operation.name());
  std::vector<FlagDefault> defaults = hints.defaults;
  const bool pid_required = std::count(hints.required.begin(), hints.required.end(), "pid") != 0;
  if (operation.field->message_type()->FindFieldByName("pid") != nullptr && !pid_required)
    defaults.push_back({"pid", kDefaultPid});
  return defaults;
}

FlagSpec FlagOf(const Operation& operation, const FieldDescriptor& field) {
  const CallHints& hints = HintsFor(operation.name());
  FlagSpec flag{FlagNameOf(field), ValueNameOf(field), CommentOf(field)};
  if (std::count(hints.required.begin(), hints.required.end(), flag.name) != 0) flag.presence = Presence::kRequired;
  if (field.is_repeated()) flag.repetition = Repetition::kMany;
  if (const std::string family = field.options().GetExtension(v1::constants); !family.empty()) {
    absl::StrAppend(&flag.help, " Names: memsim constants ", family, ".");
  }
  for (const FlagDefault& value : DefaultsOf(operation)) {
    if (value.flag != flag.name) continue;
    const std::string condition = value.unless.empty() ? "" : absl::StrCat(" without --", value.unless);
    absl::StrAppend(&flag.help, " [left out", condition, ": ", value.value, "]");
    break;
  }
  return flag;
}

// The same bytes as hexadecimal digits, beside the flag that takes them as text.
constexpr char kHexFlag[] = "hex";

FlagSpec HexFlag(const FieldDescriptor& field) {
  return {kHexFlag, "DIGITS",
          absl::StrCat("The bytes of --", FlagNameOf(field), " as hexadecimal digits, two for each: 00ff.")};
}

absl::Status SetHex(google::protobuf::Message& message, const FieldDescriptor& field, const Arguments& arguments) {
  const std::optional<std::string> digits = arguments.Get(kHexFlag);
  if (!digits.has_value()) return absl::OkStatus();
  if (arguments.Has(FlagNameOf(field))) {
    return UsageError("--", kHexFlag, " and --", FlagNameOf(field), " say the same; give one of them");
  }
  const bool is_hex = std::all_of(digits->begin(), digits->end(),
                                  [](char c) { return absl::ascii_isxdigit(static_cast<unsigned char>(c)); });
  if (!is_hex || digits->size() % 2 != 0) {
    return UsageError("--", kHexFlag, ": \"", client::Printable(*digits),
                      "\" is no row of hexadecimal digits, two for each byte; write 00ff");
  }
  message.GetReflection()->SetString(&message, &field, absl::HexStringToBytes(*digits));
  return absl::OkStatus();
}

// "Process calls" for ProcessService, "Address space calls" for AddressSpaceService.
std::string SectionOf(const google::protobuf::ServiceDescriptor& service) {
  std::string section;
  for (const char c : absl::StripSuffix(service.name(), "Service")) {
    const bool word_begins = absl::ascii_isupper(static_cast<unsigned char>(c)) && !section.empty();
    if (word_begins) section += ' ';
    section += word_begins ? absl::ascii_tolower(static_cast<unsigned char>(c)) : c;
  }
  return section + " calls";
}

}  // namespace

CommandSpec CallCommandSpec(const Operation& operation) {
  CommandSpec spec;
  const std::string comment = CommentOf(*operation.method);
  spec.name = operation.name();
  spec.section = SectionOf(*operation.method->service());
  spec.summary = FirstSentence(comment);
  spec.description = absl::StrCat(comment, " ", CommentOf(*operation.field->message_type()));
  const auto* const message = operation.field->message_type();
  for (int i = 0; i < message->field_count(); ++i) {
    if (!HasFlag(*message->field(i))) continue;
    spec.flags.push_back(FlagOf(operation, *message->field(i)));
    if (message->field(i)->type() == FieldDescriptor::TYPE_BYTES) spec.flags.push_back(HexFlag(*message->field(i)));
  }
  spec.flags.push_back({"store-as", "SLOT",
                        absl::StrCat("Keep the answer's value in this slot, 1 to ", kMaxSlot,
                                     "; later calls say $SLOT or $SLOT+0x1000.")});
  spec.flags.push_back({"cpu", "CPU",
                        "The CPU that runs the call, counted from 0; the process moves there. Left out: the CPU that "
                        "the process is on, or CPU 0 for calls of no process."});
  for (const std::string& example : HintsFor(operation.name()).examples) spec.examples.push_back("memsim " + example);
  return spec;
}

absl::StatusOr<v1::Call> CallFromArguments(const Operation& operation, const Arguments& arguments) {
  v1::Call call;
  google::protobuf::Message& request = *call.GetReflection()->MutableMessage(&call, operation.field);
  const std::vector<FlagDefault> defaults = DefaultsOf(operation);
  const auto* const message = operation.field->message_type();
  for (int i = 0; i < message->field_count(); ++i) {
    const FieldDescriptor& field = *message->field(i);
    if (!HasFlag(field)) continue;
    std::vector<std::string> texts = arguments.GetAll(FlagNameOf(field));
    if (texts.empty()) {
      const auto value = std::find_if(defaults.begin(), defaults.end(), [&](const FlagDefault& candidate) {
        return candidate.flag == FlagNameOf(field) && (candidate.unless.empty() || !arguments.Has(candidate.unless));
      });
      if (value != defaults.end()) texts.push_back(value->value);
    }
    for (const std::string& text : texts) {
      if (absl::Status status = SetField(request, field, text); !status.ok()) return status;
    }
    if (field.type() != FieldDescriptor::TYPE_BYTES) continue;
    if (absl::Status status = SetHex(request, field, arguments); !status.ok()) return status;
  }
  if (const auto cpu = arguments.Get("cpu"); cpu.has_value()) {
    const absl::StatusOr<std::uint64_t> number = ParseUnsigned(*cpu);
    if (!number.ok() || *number > UINT32_MAX)
      return UsageError("--cpu: \"", client::Printable(*cpu), "\" is no CPU; write 0 or more");
    call.set_cpu(static_cast<std::uint32_t>(*number));
  }
  if (const auto slot = arguments.Get("store-as"); slot.has_value()) {
    const absl::StatusOr<std::uint64_t> number = ParseUnsigned(absl::StripPrefix(*slot, "$"));
    if (!number.ok() || *number == 0 || *number > kMaxSlot)
      return UsageError("--store-as: \"", client::Printable(*slot), "\" is no slot; write 1 to ", kMaxSlot);
    call.set_store_as(static_cast<std::uint32_t>(*number));
  }
  return call;
}

}  // namespace memsim::cli
