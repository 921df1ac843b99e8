// The table of boot_caches.h.
//
// Taken from a Linux 6.18 on x86-64 as a distribution configures it: what its /sys/kernel/slab shows of every cache,
// and the names that it gave to caches which it found to be alike. Names, sizes and order are that kernel's, so a
// machine's slabinfo has its rows.

#ifndef MEMSIM_SERVER_KERNEL_SLAB_BOOT_CACHE_TABLE_H_
#define MEMSIM_SERVER_KERNEL_SLAB_BOOT_CACHE_TABLE_H_

// clang-format off
// In the order of their making, oldest first: symbol, name, object size, alignment asked for, flags, bytes that may be
// copied to user space, sheaf capacity, constructor.
#define MEMSIM_BOOT_CACHES(X)                                                                                          \
  X(kKmemCache, "kmem_cache", 232, 0, kAligned | kAlone, 0, 0, "")                                                     \
  X(kKmemCacheNode, "kmem_cache_node", 72, 0, kAligned | kAlone, 0, 0, "")                                             \
  X(kKmalloc96, "kmalloc-96", 96, 32, 0, 96, 0, "")                                                                    \
  X(kKmalloc192, "kmalloc-192", 192, 64, 0, 192, 0, "")                                                                \
  X(kKmalloc8, "kmalloc-8", 8, 0, 0, 8, 0, "")                                                                         \
  X(kKmalloc16, "kmalloc-16", 16, 16, 0, 16, 0, "")                                                                    \
  X(kKmalloc32, "kmalloc-32", 32, 32, 0, 32, 0, "")                                                                    \
  X(kKmalloc64, "kmalloc-64", 64, 64, 0, 64, 0, "")                                                                    \
  X(kKmalloc128, "kmalloc-128", 128, 128, 0, 128, 0, "")                                                               \
  X(kKmalloc256, "kmalloc-256", 256, 256, 0, 256, 0, "")                                                               \
  X(kKmalloc512, "kmalloc-512", 512, 512, 0, 512, 0, "")                                                               \
  X(kKmalloc1k, "kmalloc-1k", 1024, 1024, 0, 1024, 0, "")                                                              \
  X(kKmalloc2k, "kmalloc-2k", 2048, 2048, 0, 2048, 0, "")                                                              \
  X(kKmalloc4k, "kmalloc-4k", 4096, 4096, 0, 4096, 0, "")                                                              \
  X(kKmalloc8k, "kmalloc-8k", 8192, 8192, 0, 8192, 0, "")                                                              \
  X(kKmallocRcl96, "kmalloc-rcl-96", 96, 32, kReclaim, 96, 0, "")                                                      \
  X(kKmallocRcl192, "kmalloc-rcl-192", 192, 64, kReclaim, 192, 0, "")                                                  \
  X(kKmallocRcl8, "kmalloc-rcl-8", 8, 0, kReclaim, 8, 0, "")                                                           \
  X(kKmallocRcl16, "kmalloc-rcl-16", 16, 16, kReclaim, 16, 0, "")                                                      \
  X(kKmallocRcl32, "kmalloc-rcl-32", 32, 32, kReclaim, 32, 0, "")                                                      \
  X(kKmallocRcl64, "kmalloc-rcl-64", 64, 64, kReclaim, 64, 0, "")                                                      \
  X(kKmallocRcl128, "kmalloc-rcl-128", 128, 128, kReclaim, 128, 0, "")                                                 \
  X(kKmallocRcl256, "kmalloc-rcl-256", 256, 256, kReclaim, 256, 0, "")                                                 \
  X(kKmallocRcl512, "kmalloc-rcl-512", 512, 512, kReclaim, 512, 0, "")                                                 \
  X(kKmallocRcl1k, "kmalloc-rcl-1k", 1024, 1024, kReclaim, 1024, 0, "")                                                \
  X(kKmallocRcl2k, "kmalloc-rcl-2k", 2048, 2048, kReclaim, 2048, 0, "")                                                \
  X(kKmallocRcl4k, "kmalloc-rcl-4k", 4096, 4096, kReclaim, 4096, 0, "")                                                \
  X(kKmallocRcl8k, "kmalloc-rcl-8k", 8192, 8192, kReclaim, 8192, 0, "")                                                \
  X(kDmaKmalloc96, "dma-kmalloc-96", 96, 32, kDma, 96, 0, "")                                                          \
  X(kDmaKmalloc192, "dma-kmalloc-192", 192, 64, kDma, 192, 0, "")                                                      \
  X(kDmaKmalloc8, "dma-kmalloc-8", 8, 0, kDma, 8, 0, "")                                                               \
  X(kDmaKmalloc16, "dma-kmalloc-16", 16, 16, kDma, 16, 0, "")                                                          \
  X(kDmaKmalloc32, "dma-kmalloc-32", 32, 32, kDma, 32, 0, "")                                                          \
  X(kDmaKmalloc64, "dma-kmalloc-64", 64, 64, kDma, 64, 0, "")                                                          \
  X(kDmaKmalloc128, "dma-kmalloc-128", 128, 128, kDma, 128, 0, "")                                                     \
  X(kDmaKmalloc256, "dma-kmalloc-256", 256, 256, kDma, 256, 0, "")                                                     \
  X(kDmaKmalloc512, "dma-kmalloc-512", 512, 512, kDma, 512, 0, "")                                                     \
  X(kDmaKmalloc1k, "dma-kmalloc-1k", 1024, 1024, kDma, 1024, 0, "")                                                    \
  X(kDmaKmalloc2k, "dma-kmalloc-2k", 2048, 2048, kDma, 2048, 0, "")                                                    \
  X(kDmaKmalloc4k, "dma-kmalloc-4k", 4096, 4096, kDma, 4096, 0, "")                                                    \
  X(kDmaKmalloc8k, "dma-kmalloc-8k", 8192, 8192, kDma, 8192, 0, "")                                                    \
  X(kKmallocCg96, "kmalloc-cg-96", 96, 32, kAccount, 96, 0, "")                                                        \
  X(kKmallocCg192, "kmalloc-cg-192", 192, 64, kAccount, 192, 0, "")                                                    \
  X(kKmallocCg8, "kmalloc-cg-8", 8, 0, kAccount, 8, 0, "")                                                             \
  X(kKmallocCg16, "kmalloc-cg-16", 16, 16, kAccount, 16, 0, "")                                                        \
  X(kKmallocCg32, "kmalloc-cg-32", 32, 32, kAccount, 32, 0, "")                                                        \
  X(kKmallocCg64, "kmalloc-cg-64", 64, 64, kAccount, 64, 0, "")                                                        \
  X(kKmallocCg128, "kmalloc-cg-128", 128, 128, kAccount, 128, 0, "")                                                   \
  X(kKmallocCg256, "kmalloc-cg-256", 256, 256, kAccount, 256, 0, "")                                                   \
  X(kKmallocCg512, "kmalloc-cg-512", 512, 512, kAccount, 512, 0, "")                                                   \
  X(kKmallocCg1k, "kmalloc-cg-1k", 1024, 1024, kAccount, 1024, 0, "")                                                  \
  X(kKmallocCg2k, "kmalloc-cg-2k", 2048, 2048, kAccount, 2048, 0, "")                                                  \
  X(kKmallocCg4k, "kmalloc-cg-4k", 4096, 4096, kAccount, 4096, 0, "")                                                  \
  X(kKmallocCg8k, "kmalloc-cg-8k", 8192, 8192, kAccount, 8192, 0, "")                                                  \
  X(kKmallocBuckets, "kmalloc_buckets", 112, 0, kAlone, 0, 0, "")                                                      \
  X(kVmapArea, "vmap_area", 72, 0, 0, 0, 0, "")                                                                        \
  X(kMmStruct, "mm_struct", 1568, 0, kAligned | kAccount, 448, 0, "")                                                  \
  X(kMapleNode, "maple_node", 256, 256, 0, 0, 32, "")                                                                  \
  X(kTaskGroup, "task_group", 704, 64, 0, 0, 0, "")                                                                    \
  X(kRadixTreeNode, "radix_tree_node", 576, 0, kReclaim, 0, 0, "radix_tree_node_ctor+0x0/0x50")                        \
  X(kPoolWorkqueue, "pool_workqueue", 512, 256, 0, 0, 0, "")                                                           \
  X(kFtraceEventField, "ftrace_event_field", 56, 0, 0, 0, 0, "")                                                       \
  X(kTraceEventFile, "trace_event_file", 96, 0, 0, 0, 0, "")                                                           \
  X(kPerfEvent, "perf_event", 1352, 0, 0, 0, 0, "")                                                                    \
  X(kNumaPolicy, "numa_policy", 288, 0, 0, 0, 0, "")                                                                   \
  X(kSharedPolicyNode, "shared_policy_node", 48, 0, 0, 0, 0, "")                                                       \
  X(kAcpiState, "Acpi-State", 80, 0, 0, 0, 0, "")                                                                      \
  X(kPid, "pid", 184, 0, kAligned | kAccount, 0, 0, "")                                                                \
  X(kAnonVma, "anon_vma", 96, 0, kRcu | kAccount, 0, 0, "anon_vma_ctor+0x0/0x50")                                      \
  X(kAnonVmaChain, "anon_vma_chain", 64, 0, kAccount, 0, 0, "")                                                        \
  X(kTaskStruct, "task_struct", 5952, 64, kAccount, 2560, 0, "")                                                       \
  X(kSighandCache, "sighand_cache", 2080, 0, kAligned | kRcu | kAccount, 0, 0, "sighand_ctor+0x0/0x30")                \
  X(kSignalCache, "signal_cache", 1152, 0, kAligned | kAccount, 0, 0, "")                                              \
  X(kFilesCache, "files_cache", 704, 0, kAligned | kAccount, 0, 0, "")                                                 \
  X(kVmAreaStruct, "vm_area_struct", 192, 0, kAligned | kRcu | kInside | kAccount, 0, 32, "")                          \
  X(kNsproxy, "nsproxy", 72, 0, kAccount, 0, 0, "")                                                                    \
  X(kUtsNamespace, "uts_namespace", 488, 0, kAccount, 390, 0, "")                                                      \
  X(kKeyJar, "key_jar", 256, 0, kAligned, 0, 0, "")                                                                    \
  X(kLsmFileCache, "lsm_file_cache", 24, 0, 0, 0, 0, "")                                                               \
  X(kLsmInodeCache, "lsm_inode_cache", 32, 0, 0, 0, 0, "")                                                             \
  X(kNetNamespace, "net_namespace", 4288, 64, kAccount, 0, 0, "")                                                      \
  X(kNamesCache, "names_cache", 4096, 0, kAligned, 4096, 0, "")                                                        \
  X(kDentry, "dentry", 192, 0, kReclaim | kAccount, 40, 0, "")                                                         \
  X(kInodeCache, "inode_cache", 616, 0, kReclaim | kAccount, 0, 0, "init_once+0x0/0x10")                               \
  X(kFilp, "filp", 184, 0, kAligned | kRcu | kInside | kAccount, 0, 0, "")                                             \
  X(kBfilp, "bfilp", 208, 0, kAligned | kRcu | kInside, 0, 0, "")                                                      \
  X(kMntCache, "mnt_cache", 384, 0, kAligned | kAccount, 0, 0, "")                                                     \
  X(kKernfsNodeCache, "kernfs_node_cache", 136, 0, 0, 0, 0, "")                                                        \
  X(kShmemInodeCache, "shmem_inode_cache", 744, 0, kAccount, 0, 0, "shmem_init_inode+0x0/0x10")                        \
  X(kBdevCache, "bdev_cache", 1520, 0, kAligned | kReclaim | kAccount, 0, 0, "init_once+0x0/0x20")                     \
  X(kSigqueue, "sigqueue", 80, 0, kAccount, 0, 0, "")                                                                  \
  X(kSeqFile, "seq_file", 120, 0, kAccount, 0, 0, "")                                                                  \
  X(kProcInodeCache, "proc_inode_cache", 688, 0, kReclaim | kAccount, 0, 0, "init_once+0x0/0x10")                      \
  X(kPdeOpener, "pde_opener", 40, 0, kAccount, 0, 0, "")                                                               \
  X(kProcDirEntry, "proc_dir_entry", 192, 0, 0, 24, 0, "")                                                             \
  X(kPidfsAttrCache, "pidfs_attr_cache", 32, 0, kAligned | kReclaim | kAccount, 0, 0, "")                              \
  X(kPidfsXattrCache, "pidfs_xattr_cache", 16, 0, kAligned | kReclaim | kAccount, 0, 0, "")                            \
  X(kMemCgroup, "mem_cgroup", 2184, 0, kAligned, 0, 0, "")                                                             \
  X(kTaskstats, "taskstats", 560, 0, 0, 0, 0, "")                                                                      \
  X(kTaskDelayInfo, "task_delay_info", 256, 0, kAccount, 0, 0, "")                                                     \
  X(kBufferHead, "buffer_head", 104, 0, kReclaim, 0, 0, "")                                                            \
  X(kFileLockCache, "file_lock_cache", 192, 0, 0, 0, 0, "")                                                            \
  X(kFileLeaseCache, "file_lease_cache", 160, 0, 0, 0, 0, "")                                                          \
  X(kDebugfsInodeCache, "debugfs_inode_cache", 632, 0, kReclaim | kAccount, 0, 0, "init_once+0x0/0x10")                \
  X(kTracefsInodeCache, "tracefs_inode_cache", 648, 0, kReclaim | kAccount, 0, 0, "init_once+0x0/0x50")                \
  X(kSkbuffHeadCache, "skbuff_head_cache", 224, 0, kAligned, 48, 0, "")                                                \
  X(kSkbuffSmallHead, "skbuff_small_head", 576, 0, kAligned, 256, 0, "")                                               \
  X(kSockInodeCache, "sock_inode_cache", 768, 0, kAligned | kReclaim | kAccount, 0, 0, "init_once+0x0/0x10")           \
  X(kDmaengineUnmap2, "dmaengine-unmap-2", 64, 0, kAligned, 0, 0, "")                                                  \
  X(kIommuIovaMagazine, "iommu_iova_magazine", 1024, 0, kAligned, 0, 0, "")                                            \
  X(kUidCache, "uid_cache", 128, 0, kAligned, 0, 0, "")                                                                \
  X(kUserNamespace, "user_namespace", 672, 0, kAccount, 0, 0, "")                                                      \
  X(kMemdupUser96, "memdup_user-96", 96, 0, 0, 96, 0, "")                                                              \
  X(kMemdupUser192, "memdup_user-192", 192, 0, 0, 192, 0, "")                                                          \
  X(kMemdupUser8, "memdup_user-8", 8, 0, 0, 8, 0, "")                                                                  \
  X(kMemdupUser16, "memdup_user-16", 16, 0, 0, 16, 0, "")                                                              \
  X(kMemdupUser32, "memdup_user-32", 32, 0, 0, 32, 0, "")                                                              \
  X(kMemdupUser64, "memdup_user-64", 64, 0, 0, 64, 0, "")                                                              \
  X(kMemdupUser128, "memdup_user-128", 128, 0, 0, 128, 0, "")                                                          \
  X(kMemdupUser256, "memdup_user-256", 256, 0, 0, 256, 0, "")                                                          \
  X(kMemdupUser512, "memdup_user-512", 512, 0, 0, 512, 0, "")                                                          \
  X(kMemdupUser1k, "memdup_user-1k", 1024, 0, 0, 1024, 0, "")                                                          \
  X(kMemdupUser2k, "memdup_user-2k", 2048, 0, 0, 2048, 0, "")                                                          \
  X(kMemdupUser4k, "memdup_user-4k", 4096, 0, 0, 4096, 0, "")                                                          \
  X(kMemdupUser8k, "memdup_user-8k", 8192, 0, 0, 8192, 0, "")                                                          \
  X(kMmSlot, "mm_slot", 40, 0, 0, 0, 0, "")                                                                            \
  X(kMsgMsg96, "msg_msg-96", 96, 0, 0, 48, 0, "")                                                                      \
  X(kMsgMsg192, "msg_msg-192", 192, 0, 0, 144, 0, "")                                                                  \
  X(kMsgMsg8, "msg_msg-8", 8, 0, kAlone, 0, 0, "")                                                                     \
  X(kMsgMsg16, "msg_msg-16", 16, 0, kAlone, 0, 0, "")                                                                  \
  X(kMsgMsg32, "msg_msg-32", 32, 0, kAlone, 0, 0, "")                                                                  \
  X(kMsgMsg64, "msg_msg-64", 64, 0, 0, 16, 0, "")                                                                      \
  X(kMsgMsg128, "msg_msg-128", 128, 0, 0, 80, 0, "")                                                                   \
  X(kMsgMsg256, "msg_msg-256", 256, 0, 0, 208, 0, "")                                                                  \
  X(kMsgMsg512, "msg_msg-512", 512, 0, 0, 464, 0, "")                                                                  \
  X(kMsgMsg1k, "msg_msg-1k", 1024, 0, 0, 976, 0, "")                                                                   \
  X(kMsgMsg2k, "msg_msg-2k", 2048, 0, 0, 2000, 0, "")                                                                  \
  X(kMsgMsg4k, "msg_msg-4k", 4096, 0, 0, 4048, 0, "")                                                                  \
  X(kMsgMsg8k, "msg_msg-8k", 8192, 0, 0, 4048, 0, "")                                                                  \
  X(kBiovec128, "biovec-128", 2048, 0, kAligned, 0, 0, "")                                                             \
  X(kBiovecMax, "biovec-max", 4096, 0, kAligned, 0, 0, "")                                                             \
  X(kBio184, "bio-184", 184, 0, kAligned | kRcu, 0, 0, "")                                                             \
  X(kBlkdevIoc, "blkdev_ioc", 88, 0, 0, 0, 0, "")                                                                      \
  X(kRequestQueue, "request_queue", 984, 0, 0, 0, 0, "")                                                               \
  X(kDaxCache, "dax_cache", 760, 0, kAligned | kReclaim | kAccount, 0, 0, "init_once+0x0/0x40")                        \
  X(kEventpollEpi, "eventpoll_epi", 128, 0, kAligned | kAccount, 0, 0, "")                                             \
  X(kEpHead, "ep_head", 16, 0, kAccount, 0, 0, "")                                                                     \
  X(kBio264, "bio-264", 264, 0, kAligned | kRcu, 0, 0, "")                                                             \
  X(kDquot, "dquot", 208, 0, kAligned | kReclaim, 0, 0, "")                                                            \
  X(kHugetlbfsInodeCache, "hugetlbfs_inode_cache", 624, 0, kAccount, 0, 0, "init_once+0x0/0x10")                       \
  X(kTcp, "TCP", 2304, 0, kAligned | kRcu | kAccount, 0, 0, "")                                                        \
  X(kRequestSockTcp, "request_sock_TCP", 312, 0, kRcu, 0, 0, "")                                                       \
  X(kTwSockTcp, "tw_sock_TCP", 248, 0, kRcu, 0, 0, "")                                                                 \
  X(kUdp, "UDP", 1344, 0, kAligned | kAccount, 0, 0, "")                                                               \
  X(kRaw, "RAW", 1152, 0, kAligned | kAccount, 4, 0, "")                                                               \
  X(kPing, "PING", 1016, 0, kAligned | kAccount, 0, 0, "")                                                             \
  X(kIpFibAlias, "ip_fib_alias", 56, 0, kAccount, 0, 0, "")                                                            \
  X(kIpFibTrie, "ip_fib_trie", 48, 0, kAccount, 0, 0, "")                                                              \
  X(kXfrmState, "xfrm_state", 816, 0, kAligned, 0, 0, "")                                                              \
  X(kXfrmDst, "xfrm_dst", 296, 0, kAligned, 0, 0, "")                                                                  \
  X(kRequestSockSubflowV4, "request_sock_subflow_v4", 384, 0, kRcu, 0, 0, "")                                          \
  X(kMptcp, "MPTCP", 1936, 0, kAligned | kRcu | kAccount, 0, 0, "")                                                    \
  X(kIp4Frags, "ip4-frags", 200, 0, 0, 0, 0, "")                                                                       \
  X(kX86Emulator, "x86_emulator", 2672, 16, kAccount, 2512, 0, "")                                                     \
  X(kKvmMmuPageHeader, "kvm_mmu_page_header", 184, 0, kAccount, 0, 0, "")                                              \
  X(kKvmVcpu, "kvm_vcpu", 51456, 16, kAccount, 5600, 0, "")                                                            \
  X(kPidNamespace, "pid_namespace", 344, 0, kAccount, 0, 0, "")                                                        \
  X(kDnotifyStruct, "dnotify_struct", 32, 0, kAccount, 0, 0, "")                                                       \
  X(kFanotifyPermEvent, "fanotify_perm_event", 112, 0, 0, 0, 0, "")                                                    \
  X(kUserfaultfdCtxCache, "userfaultfd_ctx_cache", 176, 0, kAligned, 0, 0, "init_once_userfaultfd_ctx+0x0/0x80")       \
  X(kKioctx, "kioctx", 576, 0, kAligned, 0, 0, "")                                                                     \
  X(kMbCacheEntry, "mb_cache_entry", 56, 0, kReclaim, 0, 0, "")                                                        \
  X(kExtentStatus, "extent_status", 40, 0, kReclaim, 0, 0, "")                                                         \
  X(kPendingReservation, "pending_reservation", 32, 0, kReclaim, 0, 0, "")                                             \
  X(kBioPostReadCtx, "bio_post_read_ctx", 48, 0, kReclaim, 0, 0, "")                                                   \
  X(kExt4IoEnd, "ext4_io_end", 64, 0, kReclaim, 0, 0, "")                                                              \
  X(kExt4PreallocSpace, "ext4_prealloc_space", 112, 0, kReclaim, 0, 0, "")                                             \
  X(kExt4AllocationContext, "ext4_allocation_context", 168, 0, kReclaim, 0, 0, "")                                     \
  X(kExt4InodeCache, "ext4_inode_cache", 1120, 0, kReclaim | kAccount, 60, 0, "init_once+0x0/0x80")                    \
  X(kJbd2RevokeTableS, "jbd2_revoke_table_s", 16, 0, kReclaim, 0, 0, "")                                               \
  X(kJbd2JournalHead, "jbd2_journal_head", 112, 0, kRcu | kReclaim, 0, 0, "")                                          \
  X(kJbd2TransactionS, "jbd2_transaction_s", 192, 0, kAligned | kReclaim, 0, 0, "")                                    \
  X(kSquashfsInodeCache, "squashfs_inode_cache", 680, 0, kAligned | kReclaim | kAccount, 0, 0, "init_once+0x0/0x10")   \
  X(kFuseInode, "fuse_inode", 848, 0, kAligned | kReclaim | kAccount, 0, 0, "fuse_inode_init_once+0x0/0x10")           \
  X(kFuseRequest, "fuse_request", 168, 0, 0, 0, 0, "")                                                                 \
  X(kOvlInode, "ovl_inode", 696, 0, kReclaim | kAccount, 0, 0, "ovl_inode_init_once+0x0/0x10")                         \
  X(kXfsBuf, "xfs_buf", 352, 0, kAligned | kReclaim, 0, 0, "")                                                         \
  X(kXfsBnobtCur, "xfs_bnobt_cur", 232, 0, 0, 0, 0, "")                                                                \
  X(kXfsInobtCur, "xfs_inobt_cur", 216, 0, 0, 0, 0, "")                                                                \
  X(kXfsBmbtCur, "xfs_bmbt_cur", 344, 0, 0, 0, 0, "")                                                                  \
  X(kXfsRmapbtCur, "xfs_rmapbt_cur", 280, 0, 0, 0, 0, "")                                                              \
  X(kXfsRtrmapbtCur, "xfs_rtrmapbt_cur", 456, 0, 0, 0, 0, "")                                                          \
  X(kXfsDaState, "xfs_da_state", 480, 0, 0, 0, 0, "")                                                                  \
  X(kXfsBufItem, "xfs_buf_item", 272, 0, 0, 0, 0, "")                                                                  \
  X(kXfsEfdItem, "xfs_efd_item", 440, 0, 0, 0, 0, "")                                                                  \
  X(kXfsEfiItem, "xfs_efi_item", 432, 0, 0, 0, 0, "")                                                                  \
  X(kXfsInode, "xfs_inode", 984, 0, kAligned | kReclaim | kAccount, 0, 0, "xfs_fs_inode_init_once+0x0/0x80")           \
  X(kXfsIli, "xfs_ili", 208, 0, kReclaim, 0, 0, "")                                                                    \
  X(kXfsIcr, "xfs_icr", 184, 0, 0, 0, 0, "")                                                                           \
  X(kXfsRudItem, "xfs_rud_item", 176, 0, 0, 0, 0, "")                                                                  \
  X(kXfsRuiItem, "xfs_rui_item", 688, 0, 0, 0, 0, "")                                                                  \
  X(kXfsBuiItem, "xfs_bui_item", 208, 0, 0, 0, 0, "")                                                                  \
  X(kXfsXmiItem, "xfs_xmi_item", 248, 0, 0, 0, 0, "")                                                                  \
  X(kErofsInode, "erofs_inode", 688, 0, kReclaim | kAccount, 0, 0, "erofs_inode_init_once+0x0/0x10")                   \
  X(kErofsPcluster1, "erofs_pcluster-1", 136, 0, kReclaim, 0, 0, "")                                                   \
  X(kErofsPcluster4, "erofs_pcluster-4", 184, 0, kReclaim, 0, 0, "")                                                   \
  X(kErofsPcluster16, "erofs_pcluster-16", 376, 0, kReclaim, 0, 0, "")                                                 \
  X(kErofsPcluster64, "erofs_pcluster-64", 1144, 0, kReclaim, 0, 0, "")                                                \
  X(kErofsPcluster128, "erofs_pcluster-128", 2168, 0, kReclaim, 0, 0, "")                                              \
  X(kErofsPcluster257, "erofs_pcluster-257", 4232, 0, kReclaim, 0, 0, "")                                              \
  X(kMqueueInodeCache, "mqueue_inode_cache", 936, 0, kAligned | kAccount, 0, 0, "init_once+0x0/0x10")                  \
  X(kBio248, "bio-248", 248, 0, kAligned | kRcu, 0, 0, "")                                                             \
  X(kBfqIoCq, "bfq_io_cq", 1232, 0, 0, 0, 0, "")                                                                       \
  X(kIoKiocb, "io_kiocb", 248, 0, kAligned | kRcu | kAccount, 56, 0, "")                                               \
  X(kBio120, "bio-120", 120, 0, kAligned | kRcu, 0, 0, "")                                                             \
  X(kNfConntrack, "nf_conntrack", 248, 0, kAligned | kRcu, 0, 0, "")                                                   \
  X(kXtHashlimit, "xt_hashlimit", 120, 0, 0, 0, 0, "")                                                                 \
  X(kTcpV6, "TCPv6", 2432, 0, kAligned | kRcu | kAccount, 0, 0, "")                                                    \
  X(kRequestSockTcpV6, "request_sock_TCPv6", 312, 0, kRcu, 0, 0, "")                                                   \
  X(kTwSockTcpV6, "tw_sock_TCPv6", 248, 0, kRcu, 0, 0, "")                                                             \
  X(kUdpV6, "UDPv6", 1472, 0, kAligned | kAccount, 0, 0, "")                                                           \
  X(kRawV6, "RAWv6", 1344, 0, kAligned | kAccount, 32, 0, "")                                                          \
  X(kRequestSockSubflowV6, "request_sock_subflow_v6", 384, 0, kRcu, 0, 0, "")                                          \
  X(kMptcpV6, "MPTCPv6", 2064, 0, kAligned | kRcu | kAccount, 0, 0, "")                                                \
  X(kAfVsock, "AF_VSOCK", 1240, 0, kAligned | kAccount, 0, 0, "")                                                      \
  X(kFscryptInodeInfo, "fscrypt_inode_info", 120, 0, kReclaim, 0, 0, "")                                               \
  X(kBio448, "bio-448", 448, 0, kAligned | kRcu, 0, 0, "")                                                             \
  X(kBtrfsInode, "btrfs_inode", 1008, 0, kReclaim | kAccount, 0, 0, "init_once+0x0/0x20")                              \
  X(kBio392, "bio-392", 392, 0, kAligned | kRcu, 0, 0, "")                                                             \
  X(kBtrfsFreeSpace, "btrfs_free_space", 104, 0, 0, 0, 0, "")                                                          \
  X(kBtrfsExtentBuffer, "btrfs_extent_buffer", 240, 0, 0, 0, 0, "")                                                    \
  X(kBio376, "bio-376", 376, 0, kAligned | kRcu, 0, 0, "")                                                             \
  X(kBio312, "bio-312", 312, 0, kAligned | kRcu, 0, 0, "")                                                             \
  X(kBtrfsOrderedExtent, "btrfs_ordered_extent", 416, 0, 0, 0, 0, "")                                                  \
  X(kBtrfsDelayedNode, "btrfs_delayed_node", 312, 0, 0, 0, 0, "")

// Names that were merged into one of these (symbol, name, cache).
#define MEMSIM_BOOT_CACHE_ALIASES(X) \
  X(kAcpiNamespace, "Acpi-Namespace", kSharedPolicyNode)                                                               \
  X(kAcpiOperand, "Acpi-Operand", kVmapArea)                                                                           \
  X(kAcpiParse, "Acpi-Parse", kFtraceEventField)                                                                       \
  X(kAcpiParseExt, "Acpi-ParseExt", kAcpiState)                                                                        \
  X(kPingV6, "PINGv6", kUdp)                                                                                           \
  X(kUdpLite, "UDP-Lite", kUdp)                                                                                        \
  X(kUdpLiteV6, "UDPLITEv6", kUdpV6)                                                                                   \
  X(kUnix, "UNIX", kSignalCache)                                                                                       \
  X(kUnixStream, "UNIX-STREAM", kSignalCache)                                                                          \
  X(kAioKiocb, "aio_kiocb", kFileLockCache)                                                                            \
  X(kAuditBuffer, "audit_buffer", kVmapArea)                                                                           \
  X(kAuditTreeMark, "audit_tree_mark", kAcpiState)                                                                     \
  X(kBackingAio, "backing_aio", kUidCache)                                                                             \
  X(kBfqQueue, "bfq_queue", kKioctx)                                                                                   \
  X(kBiovec16, "biovec-16", kKeyJar)                                                                                   \
  X(kBiovec64, "biovec-64", kIommuIovaMagazine)                                                                        \
  X(kBtrfsDelayedExtentOp, "btrfs_delayed_extent_op", kLsmInodeCache)                                                  \
  X(kBtrfsDelayedRefHead, "btrfs_delayed_ref_head", kUidCache)                                                         \
  X(kBtrfsDelayedRefNode, "btrfs_delayed_ref_node", kFanotifyPermEvent)                                                \
  X(kBtrfsExtentMap, "btrfs_extent_map", kBtrfsFreeSpace)                                                              \
  X(kBtrfsExtentState, "btrfs_extent_state", kVmapArea)                                                                \
  X(kBtrfsFreeSpaceBitmap, "btrfs_free_space_bitmap", kBiovecMax)                                                      \
  X(kBtrfsInodeDefrag, "btrfs_inode_defrag", kFtraceEventField)                                                        \
  X(kBtrfsPath, "btrfs_path", kFanotifyPermEvent)                                                                      \
  X(kBtrfsPrelimRef, "btrfs_prelim_ref", kAcpiState)                                                                   \
  X(kBtrfsTransHandle, "btrfs_trans_handle", kExt4AllocationContext)                                                   \
  X(kCred, "cred", kPid)                                                                                               \
  X(kDamonRegion, "damon_region", kFtraceEventField)                                                                   \
  X(kDnotifyMark, "dnotify_mark", kSigqueue)                                                                           \
  X(kEventpollPwq, "eventpoll_pwq", kAnonVmaChain)                                                                     \
  X(kExt4FcDentryUpdate, "ext4_fc_dentry_update", kBufferHead)                                                         \
  X(kExt4FreeData, "ext4_free_data", kMbCacheEntry)                                                                    \
  X(kExt4Groupinfo4k, "ext4_groupinfo_4k", kExt4AllocationContext)                                                     \
  X(kExt4IoEndVec, "ext4_io_end_vec", kLsmInodeCache)                                                                  \
  X(kExt4SystemZone, "ext4_system_zone", kMmSlot)                                                                      \
  X(kFanotifyFidEvent, "fanotify_fid_event", kVmapArea)                                                                \
  X(kFanotifyMark, "fanotify_mark", kSigqueue)                                                                         \
  X(kFanotifyMntEvent, "fanotify_mnt_event", kFtraceEventField)                                                        \
  X(kFanotifyPathEvent, "fanotify_path_event", kDmaengineUnmap2)                                                       \
  X(kFasyncCache, "fasync_cache", kIpFibTrie)                                                                          \
  X(kFib6Node, "fib6_node", kEventpollEpi)                                                                             \
  X(kFileLockCtx, "file_lock_ctx", kFtraceEventField)                                                                  \
  X(kFsCache, "fs_cache", kAnonVmaChain)                                                                               \
  X(kFsnotifyMarkConnector, "fsnotify_mark_connector", kLsmFileCache)                                                  \
  X(kInetPeer, "inet_peer", kFileLockCache)                                                                            \
  X(kInotifyInodeMark, "inotify_inode_mark", kSigqueue)                                                                \
  X(kIommuIova, "iommu_iova", kDmaengineUnmap2)                                                                        \
  X(kIp6Frags, "ip6-frags", kXfsIcr)                                                                                   \
  X(kIp6DstCache, "ip6_dst_cache", kTaskDelayInfo)                                                                     \
  X(kJbd2Inode, "jbd2_inode", kDmaengineUnmap2)                                                                        \
  X(kJbd2JournalHandle, "jbd2_journal_handle", kMbCacheEntry)                                                          \
  X(kJbd2RevokeRecordS, "jbd2_revoke_record_s", kPendingReservation)                                                   \
  X(kKernfsIattrsCache, "kernfs_iattrs_cache", kAcpiState)                                                             \
  X(kKsmMmSlot, "ksm_mm_slot", kSharedPolicyNode)                                                                      \
  X(kKsmRmapItem, "ksm_rmap_item", kDmaengineUnmap2)                                                                   \
  X(kKsmStableNode, "ksm_stable_node", kDmaengineUnmap2)                                                               \
  X(kKvmAsyncPf, "kvm_async_pf", kKernfsNodeCache)                                                                     \
  X(kMemCgroupPerNode, "mem_cgroup_per_node", kPoolWorkqueue)                                                          \
  X(kMfc6Cache, "mfc6_cache", kFileLockCache)                                                                          \
  X(kMfcCache, "mfc_cache", kFileLockCache)                                                                            \
  X(kNetBridgeFdbEntry, "net_bridge_fdb_entry", kUidCache)                                                             \
  X(kNfFrags, "nf-frags", kXfsIcr)                                                                                     \
  X(kNfConncountRb, "nf_conncount_rb", kTraceEventFile)                                                                \
  X(kNfConncountTuple, "nf_conncount_tuple", kVmapArea)                                                                \
  X(kNfConntrackExpect, "nf_conntrack_expect", kXfsBnobtCur)                                                           \
  X(kPid2, "pid_2", kPid)                                                                                              \
  X(kPosixTimersCache, "posix_timers_cache", kMntCache)                                                                \
  X(kPteListDesc, "pte_list_desc", kEventpollEpi)                                                                      \
  X(kRtable, "rtable", kFileLockCache)                                                                                 \
  X(kSgpool128, "sgpool-128", kBiovecMax)                                                                              \
  X(kSgpool16, "sgpool-16", kPoolWorkqueue)                                                                            \
  X(kSgpool32, "sgpool-32", kIommuIovaMagazine)                                                                        \
  X(kSgpool64, "sgpool-64", kBiovec128)                                                                                \
  X(kSgpool8, "sgpool-8", kKeyJar)                                                                                     \
  X(kSkbuffExtCache, "skbuff_ext_cache", kFileLockCache)                                                               \
  X(kSkbuffFcloneCache, "skbuff_fclone_cache", kPoolWorkqueue)                                                         \
  X(kTcpBind2Bucket, "tcp_bind2_bucket", kEventpollEpi)                                                                \
  X(kTcpBindBucket, "tcp_bind_bucket", kEventpollEpi)                                                                  \
  X(kXfsAttrIntent, "xfs_attr_intent", kBlkdevIoc)                                                                     \
  X(kXfsAttrdItem, "xfs_attrd_item", kXfsRudItem)                                                                      \
  X(kXfsAttriItem, "xfs_attri_item", kXfsBuiItem)                                                                      \
  X(kXfsBmapIntent, "xfs_bmap_intent", kVmapArea)                                                                      \
  X(kXfsBudItem, "xfs_bud_item", kXfsRudItem)                                                                          \
  X(kXfsCudItem, "xfs_cud_item", kXfsRudItem)                                                                          \
  X(kXfsCuiItem, "xfs_cui_item", kXfsEfiItem)                                                                          \
  X(kXfsDeferPending, "xfs_defer_pending", kDmaengineUnmap2)                                                           \
  X(kXfsExchmapsIntent, "xfs_exchmaps_intent", kAcpiState)                                                             \
  X(kXfsExtfreeIntent, "xfs_extfree_intent", kFtraceEventField)                                                        \
  X(kXfsIfork, "xfs_ifork", kSharedPolicyNode)                                                                         \
  X(kXfsIulItem, "xfs_iul_item", kXfsRudItem)                                                                          \
  X(kXfsLogTicket, "xfs_log_ticket", kSharedPolicyNode)                                                                \
  X(kXfsParentArgs, "xfs_parent_args", kFuseRequest)                                                                   \
  X(kXfsRefcIntent, "xfs_refc_intent", kSharedPolicyNode)                                                              \
  X(kXfsRefcbtCur, "xfs_refcbt_cur", kXfsInobtCur)                                                                     \
  X(kXfsRmapIntent, "xfs_rmap_intent", kAcpiState)                                                                     \
  X(kXfsRtrefcountbtCur, "xfs_rtrefcountbt_cur", kXfsInobtCur)                                                         \
  X(kXfsTrans, "xfs_trans", kXfsBnobtCur)                                                                              \
  X(kXfsXmdItem, "xfs_xmd_item", kXfsRudItem)                                                                          \
  X(kXskGenericXmitCache, "xsk_generic_xmit_cache", kFileLockCache)
// clang-format on

#endif  // MEMSIM_SERVER_KERNEL_SLAB_BOOT_CACHE_TABLE_H_
