#include "client/cli/field_value.h"

#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "client/cli/lane_text.h"
#include "client/cli/quantities.h"
#include "client/cli/usage_error.h"
#include "client/elf/elf_program.h"
#include "client/library/json_text.h"
#include "client/library/linux_constants.h"
#include "client/library/nearest_name.h"
#include "memsim/v1/answer.pb.h"
#include "memsim/v1/call.pb.h"
#include "memsim/v1/options.pb.h"
#include "memsim/v1/process_service.pb.h"
#include "proto/api_comments.h"
#include "proto/call_limits.h"

namespace memsim::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

const FieldDescriptor* SlotTwin(const FieldDescriptor& field) {
  return field.containing_type()->FindFieldByName(absl::StrCat(field.name(), "_slot"));
}

bool IsSlotTwin(const FieldDescriptor& field) {
  return absl::EndsWith(field.name(), "_slot") &&
         field.containing_type()->FindFieldByName(std::string(absl::StripSuffix(field.name(), "_slot"))) != nullptr;
}

bool IsSize(const FieldDescriptor& field) { return absl::EndsWith(field.name(), "_bytes"); }

bool IsTime(const FieldDescriptor& field) { return absl::EndsWith(field.name(), "_ns"); }

bool IsAddress(const FieldDescriptor& field) {
  return absl::EndsWith(field.name(), "address") || field.name() == "start_brk";
}

bool IsSigned(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_INT32 || field.cpp_type() == FieldDescriptor::CPPTYPE_INT64;
}

std::string ConstantsOf(const FieldDescriptor& field) { return field.options().GetExtension(v1::constants); }

// "write" for ACCESS_KIND_WRITE: without what all values of the enum begin with.
std::string ShortEnumName(const google::protobuf::EnumDescriptor& type,
                          const google::protobuf::EnumValueDescriptor& value) {
  const std::string& unspecified = type.value(0)->name();
  const absl::string_view prefix = absl::StripSuffix(unspecified, "UNSPECIFIED");
  return absl::StrReplaceAll(absl::AsciiStrToLower(absl::StripPrefix(value.name(), prefix)), {{"_", "-"}});
}

std::vector<std::string> ShortEnumNames(const google::protobuf::EnumDescriptor& type) {
  std::vector<std::string> names;
  for (int i = 1; i < type.value_count(); ++i) names.push_back(ShortEnumName(type, *type.value(i)));
  return names;
}

absl::Status SetEnum(Message& message, const FieldDescriptor& field, absl::string_view text) {
  const auto& type = *field.enum_type();
  for (int i = 0; i < type.value_count(); ++i) {
    const std::string word = absl::StrReplaceAll(absl::AsciiStrToLower(text), {{"_", "-"}});
    if (word != ShortEnumName(type, *type.value(i)) && text != type.value(i)->name()) continue;
    message.GetReflection()->SetEnum(&message, &field, type.value(i));
    return absl::OkStatus();
  }
  const std::vector<std::string> names = ShortEnumNames(type);
  return UsageError("\"", client::Printable(text), "\" is none of ", absl::StrJoin(names, ", "),
                    client::DidYouMean(text, names));
}

absl::StatusOr<std::uint64_t> ParseByKind(const FieldDescriptor& field, absl::string_view text) {
  const std::string family = ConstantsOf(field);
  if (const auto* const constants = client::FindConstantFamily(family); constants != nullptr) {
    return client::ParseConstants(*constants, text);
  }
  if (IsSigned(field)) {
    const absl::StatusOr<std::int64_t> number = IsSize(field) ? ParseSignedSize(text) : ParseSigned(text);
    if (!number.ok()) return number.status();
    return static_cast<std::uint64_t>(*number);
  }
  if (IsTime(field)) return ParseNanoseconds(text);
  return IsSize(field) ? ParseSize(text) : ParseUnsigned(text);
}

template <typename Integer>
absl::StatusOr<Integer> Narrow(std::uint64_t value, bool is_signed) {
  const auto as_signed = static_cast<std::int64_t>(value);
  const bool fits = is_signed ? as_signed >= static_cast<std::int64_t>(std::numeric_limits<Integer>::min()) &&
                                    as_signed <= static_cast<std::int64_t>(std::numeric_limits<Integer>::max())
                              : value <= static_cast<std::uint64_t>(std::numeric_limits<Integer>::max());
  if (!fits) {
    return UsageError("the value must be ", std::numeric_limits<Integer>::min(), " to ",
                      std::numeric_limits<Integer>::max());
  }
  return static_cast<Integer>(value);
}

absl::Status SetNumber(Message& message, const FieldDescriptor& field, std::uint64_t value) {
  const auto* const reflection = message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_UINT64:
      field.is_repeated() ? reflection->AddUInt64(&message, &field, value)
                          : reflection->SetUInt64(&message, &field, value);
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_INT64:
      reflection->SetInt64(&message, &field, static_cast<std::int64_t>(value));
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_UINT32: {
      const auto narrow = Narrow<std::uint32_t>(value, false);
      if (!narrow.ok()) return narrow.status();
      field.is_repeated() ? reflection->AddUInt32(&message, &field, *narrow)
                          : reflection->SetUInt32(&message, &field, *narrow);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_INT32: {
      const auto narrow = Narrow<std::int32_t>(value, true);
      if (narrow.ok()) reflection->SetInt32(&message, &field, *narrow);
      return narrow.status();
    }
    default:
      return UsageError("this program cannot write a ", field.cpp_type_name());
  }
}

absl::Status SetBool(Message& message, const FieldDescriptor& field, absl::string_view text) {
  bool value = false;
  if (!absl::SimpleAtob(text, &value)) return UsageError("\"", client::Printable(text), "\" is neither true nor false");
  message.GetReflection()->SetBool(&message, &field, value);
  return absl::OkStatus();
}

// "$3", "$3+0x1000", "$3-4096".
absl::Status SetRelativeToSlot(Message& message, const FieldDescriptor& field, absl::string_view text) {
  const FieldDescriptor* const twin = SlotTwin(field);
  if (twin == nullptr) return UsageError("a slot cannot stand here");
  const std::size_t sign = text.find_first_of("+-");
  const absl::StatusOr<std::uint64_t> slot =
      ParseUnsigned(text.substr(1, sign == absl::string_view::npos ? sign : sign - 1));
  if (!slot.ok() || *slot == 0 || *slot > kMaxSlot) {
    return UsageError("\"", client::Printable(text), "\" is no slot; write $1 to $", kMaxSlot, ", or $3+0x1000");
  }
  std::uint64_t offset = 0;
  if (sign != absl::string_view::npos) {
    const absl::StatusOr<std::uint64_t> distance = ParseSize(text.substr(sign + 1));
    if (!distance.ok()) return distance.status();
    // The machine adds modulo 2^64, so what is subtracted is the complement.
    offset = text[sign] == '-' ? -*distance : *distance;
  }
  if (absl::Status status = SetNumber(message, field, offset); !status.ok()) return status;
  return SetNumber(message, *twin, *slot);
}

absl::Status SetResourceLimit(Message& message, absl::string_view text) {
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(text, absl::MaxSplits(':', 1));
  const bool both = absl::StrContains(text, ":");
  const absl::StatusOr<std::uint64_t> current = ParseLimit(parts.first);
  const absl::StatusOr<std::uint64_t> maximum = ParseLimit(both ? parts.second : parts.first);
  if (!current.ok()) return current.status();
  if (!maximum.ok()) return maximum.status();
  auto& limit = *google::protobuf::DynamicCastToGenerated<v1::ResourceLimit>(&message);
  limit.set_current(*current);
  limit.set_maximum(*maximum);
  return absl::OkStatus();
}

// "0x7f0000000000:64KiB".
absl::Status SetAddressRange(Message& message, absl::string_view text) {
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(text, absl::MaxSplits(':', 1));
  const absl::StatusOr<std::uint64_t> address = ParseSize(parts.first);
  const absl::StatusOr<std::uint64_t> length = ParseSize(parts.second);
  if (!address.ok()) return address.status();
  if (!length.ok()) return length.status();
  auto& range = *google::protobuf::DynamicCastToGenerated<v1::AddressRange>(&message);
  range.set_address(*address);
  range.set_length_bytes(*length);
  return absl::OkStatus();
}

// "555555554000-555555556000 r--p 00000000 /usr/bin/x": a row of /proc/PID/maps; device and inode may stand where they
// do there.
absl::Status SetImageMapping(Message& message, absl::string_view text) {
  absl::Status malformed = UsageError("\"", client::Printable(text),
                                      "\" is no mapping; write START-END rwxp OFFSET PATH, all numbers hexadecimal");
  std::vector<absl::string_view> words = absl::StrSplit(text, ' ', absl::SkipEmpty());
  if (words.size() >= 5 && absl::StrContains(words[3], ":")) words.erase(words.begin() + 3, words.begin() + 5);
  if (words.size() < 2 || words[1].size() != 4) return malformed;
  const std::pair<std::string, std::string> range = absl::StrSplit(words[0], absl::MaxSplits('-', 1));
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint64_t offset = 0;
  if (!absl::SimpleHexAtoi(range.first, &start) || !absl::SimpleHexAtoi(range.second, &end)) return malformed;
  if (words.size() > 2 && !absl::SimpleHexAtoi(words[2], &offset)) return malformed;
  const auto prot = client::ParseConstants(*client::FindConstantFamily("PROT"), words[1].substr(0, 3));
  const char sharing = words[1][3];
  if (!prot.ok() || (sharing != 'p' && sharing != 's')) return malformed;

  auto& mapping = *google::protobuf::DynamicCastToGenerated<v1::ImageMapping>(&message);
  mapping.set_start(start);
  mapping.set_end(end);
  mapping.set_prot(*prot);
  mapping.set_flags(*client::FindConstant(sharing == 'p' ? "MAP_PRIVATE" : "MAP_SHARED"));
  mapping.set_offset_bytes(offset);
  // A path may have blanks.
  if (words.size() > 3) mapping.set_path(absl::StrJoin(words.begin() + 3, words.end(), " "));
  return absl::OkStatus();
}

absl::Status SetMessage(Message& message, const FieldDescriptor& field, absl::string_view text) {
  const auto* const reflection = message.GetReflection();
  Message& part =
      field.is_repeated() ? *reflection->AddMessage(&message, &field) : *reflection->MutableMessage(&message, &field);
  if (field.message_type() == v1::ResourceLimit::descriptor()) return SetResourceLimit(part, text);
  if (field.message_type() == v1::ImageMapping::descriptor()) return SetImageMapping(part, text);
  if (field.message_type() == v1::AddressRange::descriptor()) return SetAddressRange(part, text);
  if (field.message_type() == v1::ElfProgram::descriptor()) {
    const absl::StatusOr<v1::ElfProgram> program = elf::ReadElfProgram(std::string(text));
    if (program.ok()) part.CopyFrom(*program);
    return program.status();
  }
  if (field.message_type() == v1::Lane::descriptor()) {
    return ParseLane(text, *google::protobuf::DynamicCastToGenerated<v1::Lane>(&part));
  }
  return UsageError("this program cannot write a ", field.message_type()->name(), "; use a JSON line in memsim run");
}

absl::Status SetFieldUnnamed(Message& message, const FieldDescriptor& field, absl::string_view text) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      message.GetReflection()->SetString(&message, &field, std::string(text));
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_BOOL:
      return SetBool(message, field, text);
    case FieldDescriptor::CPPTYPE_ENUM:
      return SetEnum(message, field, text);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return SetMessage(message, field, text);
    default:
      break;
  }
  if (absl::StartsWith(text, "$")) return SetRelativeToSlot(message, field, text);
  const absl::StatusOr<std::uint64_t> value = ParseByKind(field, text);
  if (!value.ok()) return value.status();
  return SetNumber(message, field, *value);
}

}  // namespace

bool HasFlag(const FieldDescriptor& field) { return field.name() != "target" && !IsSlotTwin(field); }

std::string FlagNameOf(const FieldDescriptor& field) {
  absl::string_view name = field.name();
  if (!absl::ConsumeSuffix(&name, "_bytes")) absl::ConsumeSuffix(&name, "_ns");
  if (field.is_repeated()) absl::ConsumeSuffix(&name, "s");
  return absl::StrReplaceAll(name, {{"_", "-"}});
}

std::string HelpOf(const FieldDescriptor& field) {
  return absl::StrReplaceAll(CommentOf(field), {{" 0: ", " Left out: "},
                                                {" Empty: ", " Left out: "},
                                                {" False: ", " Left out: "},
                                                {" UNSPECIFIED: ", " Left out: "}});
}

std::string ValueNameOf(const FieldDescriptor& field) {
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) return absl::StrJoin(ShortEnumNames(*field.enum_type()), "|");
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_BOOL) return "true|false";
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING)
    return absl::EndsWith(field.name(), "path") ? "PATH" : "TEXT";
  if (field.message_type() == v1::ResourceLimit::descriptor()) return "CURRENT:MAXIMUM";
  if (field.message_type() == v1::ImageMapping::descriptor()) return "'START-END rwxp OFFSET PATH'";
  if (field.message_type() == v1::AddressRange::descriptor()) return "ADDRESS:SIZE";
  if (const std::string family = ConstantsOf(field); !family.empty()) return absl::StrCat(family, "_…");
  if (field.message_type() == v1::ElfProgram::descriptor()) return "FILE";
  if (field.message_type() == v1::Lane::descriptor()) return "'CPU: CALL; CALL…'";
  if (IsSize(field)) return "SIZE";
  if (IsTime(field)) return "TIME";
  if (IsAddress(field)) return "ADDRESS";
  if (absl::EndsWith(field.name(), "pid")) return "PID";
  return "NUMBER";
}

absl::Status SetField(Message& message, const FieldDescriptor& field, absl::string_view text) {
  absl::Status status = SetFieldUnnamed(message, field, text);
  if (status.ok()) return status;
  return UsageError("--", FlagNameOf(field), ": ", status.message());
}

}  // namespace memsim::cli
