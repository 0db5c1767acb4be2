/**
 * Hooks of security modules (include/linux/lsm_hook_defs.h, Linux 6.18), by how many parameters they have: a program gets what the programs before it
 * returned behind them. What programs may return is bpf_lsm_get_retval_range of kernel/bpf/bpf_lsm.c.
 */
import type { AttachTarget, ReturnRange } from '../platform.ts';

const WITH_RESULT: readonly string[] = [
  'tun_dev_create uring_allowed uring_sqpoll',
  `audit_rule_known bdev_alloc_security binder_set_context_mgr bpf_prog bprm_check_security bprm_creds_for_exec file_alloc_security file_open
   file_receive file_truncate inode_alloc_security inode_getattr inode_listxattr inode_need_killpriv inode_readlink inode_xattr_skipcap
   ismaclabel kernel_module_request locked_down mmap_addr msg_msg_alloc_security msg_queue_alloc_security path_chroot path_truncate
   perf_event_alloc perf_event_open perf_event_read perf_event_write ptrace_traceme quota_on sb_alloc_security sb_kern_mount sb_statfs
   secmark_relabel_packet sem_alloc_security shm_alloc_security socket_getpeername socket_getsockname syslog task_getioprio task_getpgid
   task_getscheduler task_getsid task_movememory task_setscheduler tun_dev_alloc_security tun_dev_attach_queue tun_dev_open uring_cmd
   uring_override_creds userns_create xfrm_policy_delete_security xfrm_state_delete_security`,
  `backing_file_alloc binder_transaction binder_transfer_binder bpf_map bpf_token_capable bpf_token_cmd bprm_creds_from_file cred_alloc_blank
   file_lock file_permission file_post_open fs_context_dup fs_context_parse_param fs_context_submount inode_copy_up inode_copy_up_xattr
   inode_file_getattr inode_file_setattr inode_getsecctx inode_getxattr inode_killpriv inode_permission inode_rmdir inode_unlink ipc_permission
   kernel_act_as kernel_create_files_as kernel_load_data kernfs_init_security key_getsecurity lsmprop_to_secctx move_mount mptcp_add_subflow
   msg_queue_associate msg_queue_msgctl netlink_send path_chmod path_rmdir path_unlink ptrace_access_check sb_eat_lsm_opts sb_mnt_opts_compat
   sb_pivotroot sb_remount sb_show_options sb_umount sctp_assoc_established sctp_assoc_request secid_to_secctx sem_associate sem_semctl settime
   shm_associate shm_shmctl socket_accept socket_listen socket_shutdown socket_sock_rcv_skb socket_socketpair task_alloc task_fix_setgroups
   task_setioprio task_setnice task_setpgid tun_dev_attach unix_may_send vm_enough_memory xfrm_policy_clone_security xfrm_policy_lookup
   xfrm_state_alloc`,
  `binder_transfer_file bpf_token_create cred_prepare file_fcntl file_ioctl file_ioctl_compat file_mprotect file_send_sigiotask getprocattr
   inet_conn_request inode_create inode_follow_link inode_get_acl inode_init_security_anon inode_link inode_listsecurity inode_mkdir
   inode_notifysecctx inode_remove_acl inode_removexattr inode_setattr inode_setsecctx inode_symlink kernel_read_file key_alloc key_permission
   mmap_backing_file msg_queue_msgsnd path_chown path_link path_mkdir path_notify path_symlink secctx_to_secid setprocattr shm_shmat
   sk_alloc_security socket_bind socket_connect socket_getpeersec_dgram socket_getsockopt socket_sendmsg socket_setsockopt task_fix_setgid
   task_fix_setuid task_prlimit task_setrlimit unix_stream_connect xfrm_decode_session xfrm_policy_alloc_security xfrm_state_alloc_acquire
   xfrm_state_pol_flow_match`,
  `audit_rule_match bdev_setintegrity bpf bpf_map_create bpf_prog_load capable capget getselfattr inode_mknod inode_rename inode_set_acl
   inode_setintegrity kernel_post_load_data kernel_post_read_file mmap_file path_mknod quotactl sb_clone_mnt_opts sb_set_mnt_opts
   sctp_bind_connect sem_semop setselfattr socket_create socket_getpeersec_stream socket_recvmsg task_kill`,
  `audit_rule_init capset dentry_create_files_as dentry_init_security inode_getsecurity inode_init_security inode_setsecurity msg_queue_msgrcv
   path_rename sb_mount socket_post_create task_prctl`,
  'inode_setxattr',
];

const WITHOUT_RESULT = `
  audit_rule_free backing_file_free bdev_free_security bpf_map_free bpf_prog_free bpf_token_free bprm_committed_creds bprm_committing_creds
  cred_free cred_getlsmprop cred_getsecid cred_transfer current_getlsmprop_subj d_instantiate file_free_security file_release file_set_fowner
  inet_conn_established inet_csk_clone initramfs_populated inode_free_security inode_free_security_rcu inode_getlsmprop
  inode_invalidate_secctx inode_post_create_tmpfile inode_post_remove_acl inode_post_removexattr inode_post_set_acl inode_post_setattr
  inode_post_setxattr ipc_getlsmprop key_post_create_or_update msg_msg_free_security msg_queue_free_security path_post_mknod release_secctx
  req_classify_flow sb_delete sb_free_mnt_opts sb_free_security sctp_sk_clone secmark_refcount_dec secmark_refcount_inc sem_free_security
  shm_free_security sk_clone_security sk_free_security sk_getsecid sock_graft task_free task_getlsmprop_obj task_to_inode
  xfrm_policy_free_security xfrm_state_free_security`;

/** bool_lsm_hooks. */
const QUESTIONS: ReadonlySet<string> = new Set(['xfrm_state_pol_flow_match', 'audit_rule_known', 'inode_xattr_skipcap']);

const names = (list: string): readonly string[] => list.trim().split(/\s+/);

const truth: ReturnRange = { min: 0, max: 1 };

/** 0, or a negative errno (MAX_ERRNO). */
export const errno: ReturnRange = { min: -4095, max: 0 };

/** Hooks of BPF_LSM_MAC. */
export const hooks: ReadonlyMap<string, AttachTarget> = new Map([
  ...WITH_RESULT.flatMap((list, parameters) =>
    names(list).map((name): [string, AttachTarget] => {
      const returns = QUESTIONS.has(name) ? truth : errno;
      return [name, { returns, result: { offset: parameters * 8, ...returns } }];
    }),
  ),
  ...names(WITHOUT_RESULT).map((name): [string, AttachTarget] => [name, {}]),
]);

/** Hooks of BPF_LSM_CGROUP: where nothing is returned, a program must not seem to forbid. */
export const hooksOfCgroup: ReadonlyMap<string, AttachTarget> = new Map(names(WITHOUT_RESULT).map((name) => [name, { returns: { min: 1, max: 1 } }]));
