/**
 * Wrong transfer functions, each one line of the verifier's source replaced by another. The experiment is only worth what it catches: every one of
 * them must show within a modest number of runs.
 */
export interface Mutant {
  readonly name: string;
  readonly area: string;
  /** Below src/verifier. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** A second line of the same file to replace, where two say the same. */
  readonly also?: { readonly find: string; readonly replace: string };
  /** Part of the test suite: shows soon. */
  readonly fast?: true;
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'a 32-bit move keeps the upper half',
    area: 'ALU',
    file: 'alu.ts',
    find: '  if (value.range.umax <= U32_MAX) return value;\n',
    replace: '  if (value.range.umax <= U32_MAX || value.range.umin === 0) return value;\n',
    fast: true,
  },
  {
    name: 'a shift to and fro gives the operand back whatever was lost',
    area: 'ALU',
    file: 'alu.ts',
    find: '    if (operand.range.umax <= limit) return operand;\n',
    replace: '    if (limit > 0) return operand;\n',
  },
  {
    name: '32-bit addition of a constant does not wrap',
    area: 'ALU',
    file: 'alu.ts',
    find: 'if (add(a.range.umin, step32) < 0 || add(a.range.umax, step32) > U32_MAX) return undefined;',
    replace: '',
    fast: true,
  },
  {
    name: 'sign extension leaves one value too many alone',
    area: 'ALU',
    file: 'alu.ts',
    find: 'if (width === 64 && source.range.smin >= -half && source.range.smax < half) {',
    replace: 'if (width === 64 && source.range.smin >= -half && source.range.smax <= 2 * half) {',
  },
  {
    name: 'a sum is related to its operand by the least distance',
    area: 'ALU',
    file: 'alu.ts',
    find: 'if (distance.smax < 0x1_0000_0000) state.relate(result.symbol, operand.symbol, add(distance.smax, base));',
    replace: 'if (distance.smax < 0x1_0000_0000) state.relate(result.symbol, operand.symbol, add(distance.smin, base));',
  },
  {
    name: 'not greater means less',
    area: 'branch refinement',
    file: 'branch.ts',
    find: "  gt: 'le',\n  le: 'gt',",
    replace: "  gt: 'lt',\n  le: 'gt',",
    fast: true,
  },
  {
    name: 'a guard on the low half bounds the whole',
    area: 'branch refinement',
    file: 'branch.ts',
    find: "    case 'low32': {\n      const refined = refine('eq', 32, current, range);",
    replace: "    case 'low32': {\n      const refined = refine('eq', 64, current, range);",
    fast: true,
  },
  {
    name: 'what a shift drops is forgotten when its operand is narrowed',
    area: 'branch refinement',
    file: 'branch.ts',
    find: 'const max = add(BigInt(range.umax) << BigInt(amount!), (1n << BigInt(amount!)) - 1n);',
    replace: 'const max = BigInt(range.umax) << BigInt(amount!);',
  },
  {
    name: 'less or equal to the end proves one byte more',
    area: 'packet comparison',
    file: 'branch.ts',
    find: "    case 'le':\n    case 'sle':\n      return order(a, b, 0);",
    replace: "    case 'le':\n    case 'sle':\n      return order(a, b, -1);",
    fast: true,
  },
  {
    name: 'a packet pointer at a varying offset counts from the least one',
    area: 'packet comparison',
    file: 'alu.ts',
    find: '  if (pointer.symbol === ZERO) return pointer.withPosition(distance.symbol, toSigned64(add(distance.offset, pointer.offset)), range);',
    replace:
      '  if (pointer.symbol === ZERO) return pointer.withPosition(distance.symbol, toSigned64(add(add(distance.offset, pointer.offset), -1)), range);',
    fast: true,
  },
  {
    name: 'a store at a varying offset leaves what was there',
    area: 'stack',
    file: 'stack.ts',
    find: '  storeSomewhere(from: number, to: number, numeric: boolean): void {\n    this.dissolve(from, to);',
    replace: '  storeSomewhere(from: number, to: number, numeric: boolean): void {',
    fast: true,
  },
  {
    name: 'a store leaves the cells that it overlaps',
    area: 'stack',
    file: 'stack.ts',
    find: '    for (const cell of this.overlapping(from, to)) {',
    replace: '    for (const cell of this.overlapping(from, to).filter((other) => other.index >= from)) {',
  },
  {
    name: 'a narrow load of a wide cell yields all of it',
    area: 'stack',
    file: 'memory.ts',
    find: '    enclosing.value.range.umax <= 2 ** (8 * size) - 1\n  )\n    return enclosing.value;',
    replace: '    enclosing.value.range.umin <= 2 ** (8 * size) - 1\n  )\n    return enclosing.value;',
    fast: true,
  },
  {
    name: 'a join keeps the larger number of proved bytes',
    area: 'join',
    file: 'lattice.ts',
    find: 'let result = new Constraints([], Math.min(a.packetMin, b.packetMin)',
    replace: 'let result = new Constraints([], Math.max(a.packetMin, b.packetMin)',
    fast: true,
  },
  {
    name: "a total forgets the operands' own offsets",
    area: 'totals',
    file: 'alu.ts',
    find: '  const k = sub(sub(result.offset, a.offset), b.offset);\n',
    replace: '  const k = result.offset;\n',
  },
  {
    name: 'a total lends an operand its greatest value where its least counts',
    area: 'totals',
    file: 'constraints.ts',
    find: 'result = result.with(b, c, sub(k, min));',
    replace: 'result = result.with(b, c, sub(k, max));',
    also: { find: 'result = result.with(a, c, sub(k, min));', replace: 'result = result.with(a, c, sub(k, max));' },
  },
  {
    name: 'a size that is compared with what is left of the packet may be larger',
    area: 'totals',
    file: 'totals.ts',
    find: 'if (b === symbol && a !== symbol && difference.b === symbol) result = addTotal(result, { a, b: difference.a, c, k: sum });',
    replace: 'if (b === symbol && a !== symbol && difference.a === symbol) result = addTotal(result, { a, b: difference.b, c, k: sum });',
  },
  {
    name: 'a join takes bytes written on one side for written',
    area: 'join',
    file: 'lattice.ts',
    find: '    if (a.words[word] === 0 || b.words[word] === 0) continue;\n    for (let at = word * 4; at < word * 4 + 4; at++) {\n      if (bytes[at] === CELL) continue;',
    replace:
      '    if (a.words[word] === 0) continue;\n    for (let at = word * 4; at < word * 4 + 4; at++) {\n      if (bytes[at] === CELL) continue;\n      if (b.words[word] === 0) { bytes[at] = a.bytes[at] === UNWRITTEN ? UNWRITTEN : NUMERIC; continue; }',
  },
  {
    name: 'a join keeps the range of one side',
    area: 'join',
    file: 'lattice.ts',
    find: 'this.thresholds === undefined ? joinScalars(a.range, b.range) :',
    replace: 'this.thresholds === undefined ? a.range :',
    fast: true,
  },
  {
    name: 'widening keeps the old range',
    area: 'widening',
    file: 'lattice.ts',
    find: ': widenScalars(a.range, joinScalars(a.range, b.range), this.thresholds);',
    replace: ': a.range;',
  },
  {
    name: 'a state with fewer proved bytes is covered',
    area: 'subsumption',
    file: 'lattice.ts',
    find: 'if (special.packetMin < general.packetMin || special.metaMax > general.metaMax) return false;',
    replace: '',
    also: {
      find: '  if (special.constraints.packetMin < general.constraints.packetMin || special.constraints.metaMax > general.constraints.metaMax) return false;',
      replace: '',
    },
    fast: true,
  },
  {
    name: 'a state with a wider range is covered',
    area: 'subsumption',
    file: 'lattice.ts',
    find: '  if (special !== general && !scalarLeq(special.range, general.range)) return false;\n  renaming.matchDerivation',
    replace: '  renaming.matchDerivation',
    fast: true,
  },
  {
    name: 'derivations need not hold of a covered state',
    area: 'subsumption',
    file: 'lattice.ts',
    find: 'return renaming.impliesDerivations() && renaming',
    replace: 'return renaming',
  },
  {
    name: 'relations need not hold of a covered state',
    area: 'subsumption',
    file: 'lattice.ts',
    find: 'if (bound === undefined || sub(add(bound, x.delta), y.delta) > k) return false;',
    replace: '',
  },
  {
    name: 'a store does not keep the stored register alive',
    area: 'liveness',
    file: 'liveness.ts',
    find: "return { reads: (1 << instruction.dst) | (instruction.source.kind === 'register' ? 1 << instruction.source.register : 0), writes: 0 };\n    case 'store_release':",
    replace: "return { reads: 1 << instruction.dst, writes: 0 };\n    case 'store_release':",
  },
  {
    name: 'a branch does not keep its operands alive',
    area: 'liveness',
    file: 'liveness.ts',
    find: "    case 'branch':\n      return { reads: (1 << instruction.dst) |",
    replace: "    case 'branch':\n      return { reads: 0 & (1 << instruction.dst) |",
    fast: true,
  },
  {
    name: 'a null check covers every lookup',
    area: 'null refinement',
    file: 'branch.ts',
    find: 'if (value.identity !== identity || value.kind !== pointer.kind || !value.nullable) return value;',
    replace: 'if (value.kind !== pointer.kind || !value.nullable) return value;',
  },
  {
    name: 'equal to null means not null',
    area: 'null refinement',
    file: 'branch.ts',
    find: '    if (unequal) return value.withNullable(false);',
    replace: '    if (unequal || equal) return value.withNullable(false);',
    fast: true,
  },
  {
    name: 'calls leave the argument registers alone',
    area: 'call clobbering',
    file: 'call.ts',
    find: '  for (let r = 1; r <= 5; r++) registers[r] = clobbered(registers[r]);\n  registers[0] = result;',
    replace: '  registers[0] = result;',
    fast: true,
  },
  {
    name: 'a helper that moves the packet leaves pointers valid',
    area: 'call clobbering',
    file: 'call.ts',
    find: '  if (prototype.changesPacket === true || movesPacket(call)) changePacket(machine, state);',
    replace: '  if (movesPacket(call)) changePacket(machine, state);',
    fast: true,
  },
  {
    name: 'every loop ends',
    area: 'termination',
    file: 'termination.ts',
    find: '    if (open.length === 0) return 0;',
    replace: '    if (open.length >= 0) return 0;',
    fast: true,
  },
  {
    name: 'a turn that does not move is passed over',
    area: 'termination',
    file: 'termination.ts',
    find: 'if (way === 0 || (direction !== 0 && way !== direction)) return undefined;',
    replace: 'if (way === 0) continue;\n    if (direction !== 0 && way !== direction) return undefined;',
  },
];
