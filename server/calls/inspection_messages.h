// What inspections tell, as the API's messages.

#ifndef MEMSIM_SERVER_CALLS_INSPECTION_MESSAGES_H_
#define MEMSIM_SERVER_CALLS_INSPECTION_MESSAGES_H_

#include "memsim/v1/inspection.pb.h"
#include "server/kernel/machine.h"

namespace memsim {

// Each fills a message that is empty.
void Write(const VmaLookup& lookup, v1::VmaLookup& message);
void Write(const PlacementTrail& trail, v1::UnmappedAreaSearch& message);
void Write(const MmDescription& mm, v1::MmStruct& message);
void Write(const MmList& list, v1::MmList& message);
void Write(const ReverseMap& map, v1::ReverseMap& message);
void Write(const AccessExplanation& explanation, v1::Explanation& message);

}  // namespace memsim

#endif  // MEMSIM_SERVER_CALLS_INSPECTION_MESSAGES_H_
