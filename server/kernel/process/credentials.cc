#include "server/kernel/process/credentials.h"

#include <algorithm>
#include <utility>

namespace memsim {
namespace {

// CAP_FS_SET: what goes with the user id that files see.
constexpr CapabilitySet kFileCapabilities{
    Capability::kChown,  Capability::kMknod,  Capability::kDacOverride, Capability::kDacReadSearch,
    Capability::kFowner, Capability::kFsetid, Capability::kMacOverride, Capability::kLinuxImmutable};

// __sys_setuid and __sys_setgid.
Errno SetOne(TaskIds& ids, std::uint32_t id, bool privileged) {
  if (id == kInvalidId) return Errno::kInval;
  if (privileged) {
    ids = {id, id, id, id};
    return Errno::kOk;
  }
  if (id != ids.real && id != ids.saved) return Errno::kPerm;
  ids.effective = ids.filesystem = id;
  return Errno::kOk;
}

// __sys_setreuid and __sys_setregid.
Errno SetRealAndEffective(TaskIds& ids, NewId real, NewId effective, bool privileged) {
  const TaskIds old = ids;
  if (real.has_value() && *real != old.real && *real != old.effective && !privileged) return Errno::kPerm;
  if (effective.has_value() && *effective != old.real && *effective != old.effective && *effective != old.saved &&
      !privileged) {
    return Errno::kPerm;
  }
  ids.real = real.value_or(old.real);
  ids.effective = effective.value_or(old.effective);
  if (real.has_value() || (effective.has_value() && *effective != old.real)) ids.saved = ids.effective;
  ids.filesystem = ids.effective;
  return Errno::kOk;
}

// __sys_setresuid and __sys_setresgid.
Errno SetAllThree(TaskIds& ids, NewId real, NewId effective, NewId saved, bool privileged) {
  const TaskIds old = ids;
  for (const NewId id : {real, effective, saved}) {
    if (id.has_value() && *id != old.real && *id != old.effective && *id != old.saved && !privileged) {
      return Errno::kPerm;
    }
  }
  ids = {real.value_or(old.real), effective.value_or(old.effective), saved.value_or(old.saved), 0};
  ids.filesystem = ids.effective;
  return Errno::kOk;
}

// __sys_setfsuid and __sys_setfsgid.
std::uint32_t SetFileId(TaskIds& ids, std::uint32_t id, bool privileged) {
  const bool own = id == ids.real || id == ids.effective || id == ids.saved || id == ids.filesystem;
  if (id == kInvalidId || (!own && !privileged)) return ids.filesystem;
  return std::exchange(ids.filesystem, id);
}

bool AnyIsRoot(const TaskIds& users) {
  return users.real == kRootUser || users.effective == kRootUser || users.saved == kRootUser;
}

void AddIds(const TaskIds& ids, Digest& digest) {
  for (const std::uint32_t id : {ids.real, ids.effective, ids.saved, ids.filesystem}) digest.Add(id);
}

}  // namespace

bool Credentials::InGroup(GroupId group) const {
  return group == groups_.filesystem ||
         std::binary_search(supplementary_groups_.begin(), supplementary_groups_.end(), group);
}

void Credentials::FollowUserChange(const TaskIds& before) {
  if (AnyIsRoot(before) && !AnyIsRoot(users_) && !keeps_capabilities_) {
    capabilities_.permitted = capabilities_.effective = CapabilitySet::None();
  }
  if (before.effective == kRootUser && users_.effective != kRootUser) capabilities_.effective = CapabilitySet::None();
  if (before.effective != kRootUser && users_.effective == kRootUser) capabilities_.effective = capabilities_.permitted;
}

Errno Credentials::SetUid(UserId uid) {
  const TaskIds before = users_;
  const Errno error = SetOne(users_, uid, Has(Capability::kSetuid));
  if (error == Errno::kOk) FollowUserChange(before);
  return error;
}

Errno Credentials::SetGid(GroupId gid) { return SetOne(groups_, gid, Has(Capability::kSetgid)); }

Errno Credentials::SetReUid(NewId real, NewId effective) {
  const TaskIds before = users_;
  const Errno error = SetRealAndEffective(users_, real, effective, Has(Capability::kSetuid));
  if (error == Errno::kOk) FollowUserChange(before);
  return error;
}

Errno Credentials::SetReGid(NewId real, NewId effective) {
  return SetRealAndEffective(groups_, real, effective, Has(Capability::kSetgid));
}

Errno Credentials::SetResUid(NewId real, NewId effective, NewId saved) {
  const TaskIds before = users_;
  const Errno error = SetAllThree(users_, real, effective, saved, Has(Capability::kSetuid));
  if (error == Errno::kOk) FollowUserChange(before);
  return error;
}

Errno Credentials::SetResGid(NewId real, NewId effective, NewId saved) {
  return SetAllThree(groups_, real, effective, saved, Has(Capability::kSetgid));
}

UserId Credentials::SetFsUid(UserId uid) {
  const UserId old = SetFileId(users_, uid, Has(Capability::kSetuid));
  // cap_task_fix_setuid with LSM_SETID_FS.
  if (old == kRootUser && users_.filesystem != kRootUser) {
    capabilities_.effective = capabilities_.effective.Without(kFileCapabilities);
  }
  if (old != kRootUser && users_.filesystem == kRootUser) {
    capabilities_.effective = capabilities_.effective | (kFileCapabilities & capabilities_.permitted);
  }
  return old;
}

GroupId Credentials::SetFsGid(GroupId gid) { return SetFileId(groups_, gid, Has(Capability::kSetgid)); }

Errno Credentials::SetGroups(std::vector<GroupId> groups) {
  if (!Has(Capability::kSetgid)) return Errno::kPerm;
  if (groups.size() > kMaxGroups) return Errno::kInval;
  std::sort(groups.begin(), groups.end());
  if (!groups.empty() && groups.back() == kInvalidId) return Errno::kInval;
  supplementary_groups_ = std::move(groups);
  return Errno::kOk;
}

Errno Credentials::SetCapabilities(const CapabilitySets& wanted) {
  const CapabilitySets& old = capabilities_;
  if (!Has(Capability::kSetpcap) && !wanted.inheritable.IsSubsetOf(old.inheritable | old.permitted)) {
    return Errno::kPerm;
  }
  if (!wanted.inheritable.IsSubsetOf(old.inheritable | bounding_)) return Errno::kPerm;
  if (!wanted.permitted.IsSubsetOf(old.permitted)) return Errno::kPerm;
  if (!wanted.effective.IsSubsetOf(wanted.permitted)) return Errno::kPerm;
  capabilities_ = wanted;
  return Errno::kOk;
}

Errno Credentials::DropFromBoundingSet(std::uint64_t capability) {
  if (!Has(Capability::kSetpcap)) return Errno::kPerm;
  if (capability > kLastCapability) return Errno::kInval;
  bounding_ = bounding_.Without(CapabilitySet(std::uint64_t{1} << capability));
  return Errno::kOk;
}

void Credentials::Exec() {
  users_.saved = users_.filesystem = users_.effective;
  groups_.saved = groups_.filesystem = groups_.effective;
  const bool root = users_.real == kRootUser || users_.effective == kRootUser;
  capabilities_.permitted = root ? bounding_ | capabilities_.inheritable : CapabilitySet::None();
  capabilities_.effective = users_.effective == kRootUser ? capabilities_.permitted : CapabilitySet::None();
  keeps_capabilities_ = false;
}

void Credentials::DigestTo(Digest& digest) const {
  AddIds(users_, digest);
  AddIds(groups_, digest);
  digest.Add(supplementary_groups_.size());
  for (const GroupId group : supplementary_groups_) digest.Add(group);
  digest.Add(capabilities_.effective.bits());
  digest.Add(capabilities_.permitted.bits());
  digest.Add(capabilities_.inheritable.bits());
  digest.Add(bounding_.bits());
  digest.Add(static_cast<std::uint64_t>(keeps_capabilities_));
}

}  // namespace memsim
