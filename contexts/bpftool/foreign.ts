/** What bpftool can do on Linux and not here, and what does it here. */

/** Objects, with what there is instead. Without anything: it needs a kernel. */
const FOREIGN_OBJECTS: Readonly<Record<string, string | undefined>> = {
  btf: '"ebpf show sections FILE" shows what an object defines, "ebpf show map ID" decodes entries with its types',
  cgroup: '"bpftool link show" lists what is attached, "ebpf add program FILE" attaches',
  feature: '"ebpf show helpers" and "ebpf show types" list what a platform offers',
  gen: '"ebpf convert FILE" makes a native image, or C source with format=c',
  iter: '"ebpf test program ID" runs an iterator program and shows what it writes',
  perf: '"bpftool link show" lists what is attached',
  struct_ops: undefined,
};

const FOREIGN_VERBS: Readonly<Record<string, Readonly<Record<string, string | undefined>>>> = {
  prog: {
    attach: '"ebpf set program ID attached=TYPE" attaches a program, "bpftool net attach" one to an interface',
    detach: '"bpftool link detach LINK" detaches a program',
    profile: '"ebpf test program ID repeat=N" measures a program',
    tracelog: '"ebpf show trace" shows what programs print',
  },
};

/** `bpftool OBJECT` on Linux. */
export function isForeignObject(word: string): boolean {
  return Object.hasOwn(FOREIGN_OBJECTS, word);
}

/** Why there is no such object here; undefined where bpftool has none either. */
export function foreignObject(word: string): string | undefined {
  return isForeignObject(word) ? refusal(word, FOREIGN_OBJECTS[word]) : undefined;
}

/** Why there is no such verb here; undefined where bpftool has none either. */
export function foreignVerb(object: string, verb: string): string | undefined {
  const verbs = FOREIGN_VERBS[object] ?? {};
  return Object.hasOwn(verbs, verb) ? refusal(`${object} ${verb}`, verbs[verb]) : undefined;
}

function refusal(words: string, instead: string | undefined): string {
  return instead === undefined ? `'${words}' needs a Linux kernel` : `'${words}' needs a Linux kernel; here, ${instead}`;
}
