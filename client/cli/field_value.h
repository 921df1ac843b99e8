// A field of the API's messages as a person writes it on a command line.
//
//   field                          a person writes
//   NAME_bytes                     --NAME 64KiB
//   with option constants "PROT"   --NAME rw, READ|WRITE, PROT_READ, 0x3
//   with a twin NAME_slot          --NAME 0x1000, --NAME '$3', --NAME '$3+0x1000'
//   an enum                        --NAME write, for ACCESS_KIND_WRITE
//   bytes                          --NAME 'as they stand', or in call_flags.h --hex 00ff
//   ResourceLimit                  --NAME 8MiB:unlimited, or 8MiB for both
//   repeated AddressRange          --NAME 0x7f0000000000:64KiB, repeated
//   repeated ImageMapping          --NAME '555555554000-555555556000 r--p 00000000 /usr/bin/x', repeated
//   ElfProgram                     --NAME /usr/bin/x, a program of this host

#ifndef MEMSIM_CLIENT_CLI_FIELD_VALUE_H_
#define MEMSIM_CLIENT_CLI_FIELD_VALUE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace memsim::cli {

// Whether the field has a flag at all: the call's target and the slot twins have not.
bool HasFlag(const google::protobuf::FieldDescriptor& field);

// "old-length" for old_length_bytes, "mapping" for the repeated mappings.
std::string FlagNameOf(const google::protobuf::FieldDescriptor& field);

// The field's comment in the proto, where that of a flag which is simply not sent when nobody gives it: what 0 or
// nothing means there is what leaving it out means here.
std::string HelpOf(const google::protobuf::FieldDescriptor& field);

// "SIZE", "ADDRESS", "read|write|execute": what to call the value in help.
std::string ValueNameOf(const google::protobuf::FieldDescriptor& field);

// Reads the text into the field, and into its slot twin. A repeated field gets one more element. A usage error names
// the flag.
absl::Status SetField(google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field,
                      absl::string_view text);

}  // namespace memsim::cli

#endif  // MEMSIM_CLIENT_CLI_FIELD_VALUE_H_
