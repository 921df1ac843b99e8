// cred: who a task is, and what it may therefore do (kernel/sys.c, kernel/groups.c, security/commoncap.c).
//
// Every task has its own, as in Linux: that all threads of a process change together is the C library's doing.

#ifndef MEMSIM_SERVER_KERNEL_PROCESS_CREDENTIALS_H_
#define MEMSIM_SERVER_KERNEL_PROCESS_CREDENTIALS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "server/base/digest.h"
#include "server/base/errno.h"
#include "server/kernel/vm/capability.h"

namespace memsim {

using UserId = std::uint32_t;
using GroupId = std::uint32_t;
inline constexpr UserId kRootUser = 0;
// (uid_t) -1, which is nobody.
inline constexpr std::uint32_t kInvalidId = UINT32_MAX;

// The four ids that a task has of a kind: users and groups follow the same rules.
struct TaskIds {
  std::uint32_t real = 0;
  std::uint32_t effective = 0;
  std::uint32_t saved = 0;
  // Whom files see.
  std::uint32_t filesystem = 0;

  friend bool operator==(const TaskIds&, const TaskIds&) = default;
};

// capset(2)'s three sets.
struct CapabilitySets {
  CapabilitySet effective = CapabilitySet::All();
  CapabilitySet permitted = CapabilitySet::All();
  CapabilitySet inheritable;

  friend bool operator==(const CapabilitySets&, const CapabilitySets&) = default;
};

// An id to set; none: it stays as it is.
using NewId = std::optional<std::uint32_t>;

class Credentials {
 public:
  // NGROUPS_MAX.
  static constexpr std::size_t kMaxGroups = 65536;

  const TaskIds& users() const { return users_; }
  const TaskIds& groups() const { return groups_; }
  // In ascending order.
  const std::vector<GroupId>& supplementary_groups() const { return supplementary_groups_; }
  const CapabilitySets& capabilities() const { return capabilities_; }
  CapabilitySet bounding() const { return bounding_; }
  bool keeps_capabilities() const { return keeps_capabilities_; }
  bool Has(Capability capability) const { return capabilities_.effective.Has(capability); }
  // in_group_p: by its own group as files see it, or by a supplementary one.
  bool InGroup(GroupId group) const;

  // --- The calls. EINVAL: an id that nobody has; EPERM.
  Errno SetUid(UserId uid);
  Errno SetGid(GroupId gid);
  Errno SetReUid(NewId real, NewId effective);
  Errno SetReGid(NewId real, NewId effective);
  Errno SetResUid(NewId real, NewId effective, NewId saved);
  Errno SetResGid(NewId real, NewId effective, NewId saved);
  // The old id; who may not change it is not told.
  UserId SetFsUid(UserId uid);
  GroupId SetFsGid(GroupId gid);
  // EPERM; EINVAL: more than kMaxGroups, or one that nobody has.
  Errno SetGroups(std::vector<GroupId> groups);
  // cap_capset. EPERM: more than the task has.
  Errno SetCapabilities(const CapabilitySets& wanted);
  // PR_CAPBSET_DROP. EINVAL: no such capability; EPERM.
  Errno DropFromBoundingSet(std::uint64_t capability);
  // PR_SET_KEEPCAPS: whether the permitted set survives the step from root to another user.
  void KeepCapabilities(bool keep) { keeps_capabilities_ = keep; }
  // cap_bprm_creds_from_file, of a file without capabilities and without set-user-id: root gets all that the bounding
  // set allows, others lose what they have.
  void Exec();

  std::size_t HeapBytes() const { return supplementary_groups_.capacity() * sizeof(GroupId); }
  void DigestTo(Digest& digest) const;

 private:
  // cap_emulate_setxuid: what root gives up with its id, and gets back.
  void FollowUserChange(const TaskIds& before);

  TaskIds users_;
  TaskIds groups_;
  std::vector<GroupId> supplementary_groups_;
  CapabilitySets capabilities_;
  CapabilitySet bounding_ = CapabilitySet::All();
  bool keeps_capabilities_ = false;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCESS_CREDENTIALS_H_
