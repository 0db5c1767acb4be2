/** Where we differ from the peer on purpose: case by case, with the reason and with what we say instead. Everything else must agree. */
export interface Difference {
  readonly file: string;
  readonly name: string;
  readonly because: keyof typeof REASONS;
  /** Our first failed check, `label: kind`, or `accepted`. */
  readonly ours: string;
  /** Lines of the post state that we do not imply; `_|_` where some path of ours goes on. */
  readonly missing?: readonly string[];
}

export const REASONS = {
  unset:
    'A register or stack byte that nothing has written may not be read, not even to copy it; the peer lets such values pass until they are used.',
  convention: 'A called function gets r1 to r5 and its own frame; the peer lets it read what else the caller left in registers.',
  pointer_field:
    'A context field that holds a pointer is loaded whole, at a constant offset, or not at all; the peer gives a part of it no type and refuses its use.',
  narrow_address: '32-bit arithmetic on an address is refused where it stands; the peer makes the result a number and refuses its use as a pointer.',
  frame_top: 'Bytes above r10 are not the function’s own; the peer bounds accesses by the whole stack.',
  fragment: 'Bytes of a pointer stored in part are "written, no number" here, whatever the pointer was: no check depends on more.',
  exact: 'We know more: the offset or operand is exact on each path, so another check fails, or none and rightly so.',
  null: 'A null pointer becomes the number 0 when it is checked, which may be returned.',
  no_rule: 'The distance of two pointers into one region is a number wherever they point: nothing is accessed.',
} as const;

export const DIFFERENCES: readonly Difference[] = [
  { file: 'assign.yaml', name: '16-bit indirect assignment from context', because: 'pointer_field', ours: '0: context_field' },
  { file: 'assign.yaml', name: '64-bit indirect assignment from context', because: 'pointer_field', ours: '0: context_field' },
  {
    file: 'call.yaml',
    name: 'bpf_map_lookup_elem copied null check discards stale destination kind values',
    because: 'null',
    ours: '5: map_argument',
    missing: ['_|_'],
  },
  { file: 'calllocal.yaml', name: 'call local with multiple branches', because: 'convention', ours: '4: register_uninitialised' },
  { file: 'calllocal.yaml', name: 'callee reads caller r6', because: 'convention', ours: '3: register_uninitialised' },
  {
    file: 'ctx.yaml',
    name: 'value straddling ctx pointer slots cannot escape to a shared region',
    because: 'pointer_field',
    ours: '0: context_field',
  },
  {
    file: 'ctx.yaml',
    name: 'ranged load reaching a ctx pointer slot cannot escape to a shared region',
    because: 'pointer_field',
    ours: '0: context_variable',
  },
  { file: 'jump.yaml', name: 'JSET with imm 0 and pointer', because: 'exact', ours: 'accepted', missing: ['_|_'] },
  { file: 'packet.yaml', name: 'simple valid access', because: 'unset', ours: '5: register_uninitialised' },
  { file: 'packet.yaml', name: 'meta access with data bound check', because: 'exact', ours: 'accepted', missing: ['_|_'] },
  { file: 'pointer.yaml', name: '32-bit pointer truncation - subtraction', because: 'narrow_address', ours: '0: pointer_truncated' },
  { file: 'pointer.yaml', name: 'non-singleton typeset pointer add invalidates offsets', because: 'exact', ours: '1: context_upper' },
  { file: 'pointer.yaml', name: 'non-singleton typeset in-bounds access still passes', because: 'pointer_field', ours: '0: context_field' },
  { file: 'pointer.yaml', name: '32-bit pointer truncation - register addition', because: 'narrow_address', ours: '0: pointer_truncated' },
  { file: 'stack.yaml', name: 'havoc numeric size r10', because: 'fragment', ours: 'accepted', missing: ['s[504].type=r3.type'] },
  {
    file: 'stack.yaml',
    name: 'shorten numeric size from int64* to int32*',
    because: 'fragment',
    ours: 'accepted',
    missing: ['s[508...511].type=r3.type'],
  },
  { file: 'stack.yaml', name: 'havoc if clobber stack bytes', because: 'fragment', ours: 'accepted', missing: ['s[496].type=r0.type'] },
  { file: 'stack.yaml', name: 'non-numeric store through imprecise pointer havocs num_bytes', because: 'frame_top', ours: '0: stack_upper' },
  {
    file: 'stack.yaml',
    name: 'overwrite exact-match stack cell with uninitialized register havocs stale value',
    because: 'unset',
    ours: '0: register_uninitialised',
  },
  {
    file: 'subtract.yaml',
    name: 'disallow subtraction of pointer from invalid pointer to a singleton region',
    because: 'no_rule',
    ours: 'accepted',
    missing: ['_|_'],
  },
  { file: 'uninit.yaml', name: 'MOV of a number and an uninitialized register', because: 'unset', ours: '0: register_uninitialised' },
  { file: 'uninit.yaml', name: 'Read uninitialized stack range - aligned', because: 'unset', ours: '0: stack_uninitialised' },
  { file: 'uninit.yaml', name: 'Read uninitialized stack range - unaligned', because: 'unset', ours: '0: stack_uninitialised' },
];

/**
 * Cases in which the peer's `x=y` does not hold: its printer writes `x=y` wherever it knows `y <= x`, also where it does not know `x <= y`. There
 * the line is read as `y <= x`, which must hold.
 */
export const ONE_SIDED: readonly { readonly file: string; readonly name: string; readonly counterexample: string }[] = [
  { file: 'jump.yaml', name: 'simple conditional jump forward', counterexample: 'r1 = 7 ends with r0 = 1' },
  { file: 'unsigned.yaml', name: 'assume [0, INT32_MAX] w<= [0, INT32_MAX] implies relation', counterexample: 'r1 = 0, r2 = 5' },
  { file: 'unsigned.yaml', name: 'assume [-1, 1] <= [-1, 1] nop', counterexample: 'r1 = 0, r2 = 1' },
];
