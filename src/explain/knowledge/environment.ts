import type { KnowledgeEntry } from './entry.ts';

/** What the platform offers, or how the object was made and loaded. */
export const ENVIRONMENT_ENTRIES: readonly KnowledgeEntry[] = [
  {
    id: 'ENV-01',
    title: 'Helper not available to this program type',
    nature: 'rule',
    family: 'policy',
    cause:
      'The helper exists, but not for this program type, not on this platform, or not with this number. Numbers differ between Windows and Linux.',
    needs: 'A helper that this program type has here.',
    bad: `SEC("xdp") int prog(struct xdp_md *ctx) {
    return bpf_skb_load_bytes(ctx, 0, &b, 4) ? XDP_DROP : XDP_PASS;
}`,
    good: `SEC("xdp") int prog(struct xdp_md *ctx) {
    return bpf_xdp_load_bytes(ctx, 0, &b, 4) ? XDP_DROP : XDP_PASS;
}`,
    fixes: [
      { change: 'Use the helper of the same family for this type (skb, xdp, sock).' },
      { change: 'Check the section name: it decides the program type.' },
      { change: 'Compile with the headers of the platform on which the program will run.' },
    ],
    prevail: {
      verdict: 'rejects',
      messages: [
        'rejected: helper function is unavailable on this platform (at 6)',
        'invalid helper function id 999',
        'callx helper function id is not a valid singleton',
      ],
    },
    linux: {
      verdict: 'rejects',
      messages: ['program of this type cannot use helper bpf_skb_load_bytes#26', 'unknown func bpf_skb_load_bytes#26', 'invalid func unknown#999'],
    },
    report: [
      'Policy: Operation is not allowed. The operation helper bpf_skb_load_bytes#26 is not allowed: this program type does not allow the helper.',
    ],
    words: ['bpf_skb_load_bytes is not available to programs of type xdp.', 'Calls helper 999, which does not exist on Windows.'],
    tell: 'The failing instruction is a call, and no argument is named.',
    related: ['ENV-02', 'ENV-03'],
  },
  {
    id: 'ENV-02',
    title: 'Helper for GPL programs only',
    nature: 'rule',
    family: 'policy',
    cause:
      'Linux reserves some helpers for programs under a licence compatible with the GPL. The object declares none or another one. Windows has no such helpers.',
    needs: 'A license section with a compatible name.',
    bad: `char _license[] SEC("license") = "Proprietary";`,
    good: `char _license[] SEC("license") = "Dual MIT/GPL";`,
    fixes: [
      { change: 'Declare a compatible licence, if the code is under one.', code: 'char _license[] SEC("license") = "GPL";' },
      { change: 'Or do without the helper.' },
    ],
    prevail: { verdict: 'accepts', messages: ['cannot call GPL-restricted function bpf_probe_read_kernel from non-GPL compatible program'] },
    linux: {
      verdict: 'rejects',
      messages: ['cannot call GPL-restricted function from non-GPL compatible program', 'cannot call GPL only function from proprietary program'],
    },
    report: ['Policy: Operation is not allowed. helper is not allowed: GPL'],
    words: ['bpf_probe_read_kernel may only be called by a program with a GPL-compatible licence; this object declares Proprietary.'],
    tell: 'The message names the licence.',
    related: ['ENV-01'],
  },
  {
    id: 'ENV-03',
    title: 'Unknown kernel function',
    nature: 'environment',
    family: 'policy',
    cause:
      "The program calls a function of the kernel (kfunc) by its BTF id, and the host does not have it, or not for this program type. Windows has none of Linux's.",
    needs: 'A host that exports the function to this program type.',
    bad: `extern void bpf_rcu_read_lock(void) __ksym;
bpf_rcu_read_lock();      /* on a host without it */`,
    good: `extern void bpf_rcu_read_lock(void) __ksym __weak;
if (bpf_ksym_exists(bpf_rcu_read_lock)) bpf_rcu_read_lock();`,
    fixes: [
      { change: 'Make the function weak and ask whether it is there.', code: '__ksym __weak' },
      { change: 'If it is a function of your own: define it in this file, or link its object.', code: 'bpftool gen object all.o a.o b.o' },
      { change: 'Use a helper that both platforms have.' },
    ],
    prevail: {
      verdict: 'rejects',
      messages: ['kfunc prototype lookup failed (bpf_rcu_read_lock)', 'rejected: kfunc is unavailable on this platform'],
    },
    linux: {
      verdict: 'rejects',
      messages: [
        'calling kernel function bpf_rcu_read_lock is not allowed',
        'kernel btf_id 123 is not a function',
        'kernel function bpf_rcu_read_lock does not have a valid func_proto',
      ],
    },
    report: ['Policy: Operation is not allowed. kfunc is not allowed: this program type does not allow the kfunc.'],
    words: ['Calls kernel function bpf_rcu_read_lock, of which nothing is known on Windows.'],
    tell: 'The call is of a kernel function, not of a helper number.',
    related: ['ENV-01'],
  },
  {
    id: 'ENV-04',
    title: 'Legacy packet loads not available',
    nature: 'rule',
    family: 'policy',
    cause:
      'LD_ABS and LD_IND read the packet by offset in the way of the old packet filters. RFC 9669 calls them deprecated; hosts offer them to a few program types only.',
    needs: 'Ordinary loads with a bounds check, or a load_bytes helper.',
    bad: `r0 = *(u8 *)skb[23]`,
    good: `bpf_skb_load_bytes(skb, 23, &proto, 1);`,
    fixes: [
      { change: 'Read through data and data_end with a check.' },
      { change: 'Or copy the bytes.', code: 'bpf_skb_load_bytes(skb, 23, &proto, 1);' },
    ],
    prevail: { verdict: 'depends', messages: ['rejected: requires conformance group packet'] },
    linux: {
      verdict: 'depends',
      messages: ['BPF_LD_[ABS|IND] instructions not allowed for this program type', 'BPF_LD_[ABS|IND] uses reserved fields'],
    },
    report: [],
    words: ['Legacy packet loads (LD_ABS, LD_IND) are not available to programs of type xdp.'],
    tell: 'The instruction is shown as r0 = *(u8 *)skb[...].',
    related: ['ENV-05', 'PKT-01'],
  },
  {
    id: 'ENV-05',
    title: 'Feature that the verifier does not have',
    nature: 'limit',
    family: 'policy',
    cause:
      'The program uses something that the instruction set knows and the verifier of this platform does not follow, for example a call through a register whose target varies.',
    needs: 'The same, said with simpler means.',
    bad: `int (*f)(void) = table[i];
return f();`,
    good: `switch (i) {
case 0: return first();
default: return second();
}`,
    fixes: [
      { change: 'Call functions by name, in a switch.' },
      { change: 'Compile for an older instruction set.', code: 'clang -target bpf -mcpu=v3' },
    ],
    prevail: { verdict: 'rejects', messages: ['not implemented: callx', 'rejected: requires conformance group atomic64'] },
    linux: { verdict: 'rejects', messages: ['indirect calls are not supported', 'unsupported reg type'] },
    report: [],
    words: ['The function called through a register is not a known constant.', 'unsupported feature'],
    tell: 'The message says unsupported or not implemented.',
    related: ['ENV-04', 'CFG-04'],
  },
  {
    id: 'ENV-06',
    title: 'Not permitted to load programs of this type',
    nature: 'environment',
    family: 'policy',
    cause:
      'The host refused before or besides verification: the user lacks a privilege (CAP_BPF and CAP_PERFMON on Linux, administrator on Windows), or a limit on locked memory is too low.',
    needs: 'The privilege for this program type. The program itself is not judged.',
    bad: `bpftool prog load x.o /sys/fs/bpf/x       # as an ordinary user`,
    good: `sudo bpftool prog load x.o /sys/fs/bpf/x`,
    fixes: [
      { change: 'Load with the privileges that the program type needs.' },
      { change: 'On old kernels, raise the limit on locked memory.', code: 'ulimit -l unlimited' },
      { change: 'Verify here: show verification needs no privileges.' },
    ],
    prevail: { verdict: 'accepts', messages: [] },
    linux: {
      verdict: 'depends',
      messages: [
        "libbpf: prog 'prog': BPF program load failed: Operation not permitted / libbpf: permission error while running as root; try raising 'ulimit -l'? current value: 8.0 MiB / libbpf: prog 'prog': failed to load: -1",
        'BPF program load failed: Operation not permitted',
        'function calls to other bpf functions are allowed for CAP_BPF and CAP_SYS_ADMIN',
        'map create: operation not permitted (MEMLOCK may be too low, consider rlimit.RemoveMemlock)',
        'load program: operation not permitted',
      ],
    },
    report: ['Policy: Operation is not allowed. requires CAP_BPF or CAP_SYS_ADMIN'],
    words: ['EPERM, missing capability, access denied when loading'],
    tell: 'There is no verifier log.',
    related: ['ENV-01'],
  },
  {
    id: 'ENV-07',
    title: 'Object file that cannot be read or linked',
    nature: 'environment',
    family: 'structure',
    cause: 'The file is no BPF object, is damaged, or refers to something that is not in it: a map, a symbol, a section.',
    needs: 'An ELF object compiled with clang -target bpf, with all maps and functions it uses.',
    bad: `extern int missing(void *);
return missing(ctx);`,
    good: `static int present(void *ctx) { return 0; }
return present(ctx);`,
    fixes: [
      { change: 'Compile with -target bpf -g -O2.', code: 'clang -target bpf -g -O2 -c x.c -o x.o' },
      { change: 'Define what is used, or link objects with bpftool gen object.' },
      { change: 'Name the section or program that is in the file; show sections lists them.' },
    ],
    prevail: {
      verdict: 'rejects',
      messages: [
        'Section not found',
        'No executable sections',
        'Program not found',
        'Program name is ambiguous',
        'Unsupported ELF machine, expected EM_BPF',
        'No symbol section found',
        'Unresolved symbols found.',
        'Map descriptor not found: m',
        'Malformed legacy maps section: maps',
        'Unsupported relocation type 4',
        'BTF section is missing',
        'Map m not found.',
        'invalid map index 3 (have 2)',
        'Unspecified program type.',
      ],
    },
    linux: {
      verdict: 'rejects',
      messages: [
        'libbpf: failed to find BTF for extern',
        'libbpf: elf: failed to open x.o',
        'fd 3 is not pointing to valid bpf_map',
        'libbpf: failed to load object',
      ],
    },
    report: [],
    words: ['undefined symbol, unresolved external, not an ELF file'],
    tell: 'The message speaks of sections, symbols, relocations or BTF.',
    related: ['ENV-06', 'CFG-03'],
  },
  {
    id: 'ENV-08',
    title: 'Field or type that the running kernel does not have',
    nature: 'environment',
    family: 'structure',
    cause:
      'CO-RE relocations are resolved when the program is loaded. Where the kernel has no such field, type or enumerator, the instruction is replaced by one that no verifier accepts.',
    needs: 'A field that the running kernel has, or a test for it before the access.',
    bad: `return BPF_CORE_READ(task, state);          /* renamed in Linux 5.14 */`,
    good: `if (bpf_core_field_exists(task->__state))
  return BPF_CORE_READ(task, __state);`,
    fixes: [
      { change: 'Ask whether the field is there before it is read.', code: 'if (bpf_core_field_exists(task->__state))' },
      { change: 'Describe the other layout with a flavour of the type.', code: 'struct task_struct___old { long state; };' },
      { change: 'Make vmlinux.h of the kernel that the program is for.', code: 'bpftool btf dump file /sys/kernel/btf/vmlinux format c > vmlinux.h' },
    ],
    prevail: { verdict: 'rejects', messages: ['Unsupported or invalid CO-RE relocation kind: 0'] },
    linux: {
      verdict: 'rejects',
      messages: [
        'invalid func unknown#195896080',
        '<invalid CO-RE relocation> / failed to resolve CO-RE relocation <byte_off> [7] struct task_struct.state (0:1 @ offset 4)',
        'libbpf: failed to find valid kernel BTF / libbpf: Error loading vmlinux BTF: -3',
        'failed to load BTF from /sys/kernel/btf/vmlinux: No such file or directory',
        'kernel BTF is missing at /sys/kernel/btf/vmlinux, was CONFIG_DEBUG_INFO_BTF enabled?',
        'apply CO-RE relocations: no BTF found for kernel version 5.4: not supported',
      ],
    },
    report: [],
    words: ['bad CO-RE relocation', 'program relies on a kernel with BTF'],
    tell: 'The helper number is 195896080 (0xbad2310), or the message speaks of CO-RE or kernel BTF.',
    related: ['ENV-07', 'ENV-01'],
  },
  {
    id: 'ENV-09',
    title: 'Section name that tells no program type',
    nature: 'environment',
    family: 'structure',
    cause: 'Loaders take the type of a program from the name of its section. A name that means nothing gives no type, or another one than was meant.',
    needs: 'A section name that stands for the program type, or a type given to the loader.',
    bad: `SEC("my_prog") int prog(struct xdp_md *ctx)`,
    good: `SEC("xdp") int prog(struct xdp_md *ctx)`,
    fixes: [
      { change: 'Name the section after the program type.', code: 'SEC("xdp")' },
      { change: 'Give the type to the loader.', code: 'bpf_program__set_type(prog, BPF_PROG_TYPE_XDP);' },
      { change: 'Name the type here.', code: 'show verification x.o type=xdp' },
    ],
    prevail: { verdict: 'depends', messages: ['Unspecified program type.'] },
    linux: {
      verdict: 'rejects',
      messages: [
        "libbpf: prog 'prog': missing BPF prog type, check ELF section name 'my_prog'",
        "libbpf: failed to guess program type from ELF section 'my_prog'",
        "cannot guess program type from section 'my_prog'",
        'load program: unrecognized program type: invalid argument',
      ],
    },
    report: [],
    words: ['unknown program type, section name not recognised'],
    tell: 'The message names the section, or every field of the context is refused.',
    related: ['ENV-01', 'ENV-07', 'CTX-01'],
  },
];
