import { EncodeError, encodeSlot } from '../../isa/encode.ts';
import { formatInstruction } from '../../isa/format.ts';
import type { Instruction, LoadImmediate, Register } from '../../isa/instruction.ts';
import { MAY_GOTO_BUDGET } from '../engine.ts';
import { jumpTarget } from '../jit/flow-graph.ts';
import { analyseFunctions, type EbpfFunction, type ProgramFunctions } from '../jit/functions.ts';
import { valueName } from '../jit/translate.ts';
import { type CNames, conditionOf, statementsOf } from './c-lower.ts';
import { C_PRELUDE } from './c-prelude.ts';
import type { ImageSource } from './image.ts';

/** Where an instruction comes from, for `#line`. */
export interface SourceLine {
  readonly slot: number;
  readonly file: string;
  readonly line: number;
}

export interface CSource extends Omit<ImageSource, 'programs'> {
  readonly programs: readonly (ImageSource['programs'][number] & { readonly lines?: readonly SourceLine[] })[];
  /** Prefix of the exported table: `<name>_metadata_table`. */
  readonly name: string;
}

/**
 * Self-contained C11 source of all programs of an object, in the structure that bpf2c gives its output: one function per program with
 * registers as locals and a comment per instruction, then tables of helpers, maps and programs, and `<name>_metadata_table` to reach them.
 * Built by GCC or Clang with -Wall -Wextra -Werror -std=c11 it gives no warning. Pointers are the machine's own; nothing is checked.
 */
export function writeC(source: CSource): string {
  const names = new Names();
  const programs = source.programs.map((program, index) => new ProgramWriter(program, names.unique(program.name), index, source.maxFrames));
  const parts = [
    `// Do not alter this generated file.\n// This file was generated from ${commentText(source.source.path)} by ${commentText(source.version)} for ${commentText(source.platform)}.\n`,
    C_PRELUDE.replace('{stack}', String(source.frameSize)).replace('{mayGoto}', String(MAY_GOTO_BUDGET)),
    hashTable(source),
    mapTables(source),
    ...programs.map((program) => program.text()),
    programTable(programs),
    metadataTable(source, names.unique(source.name)),
  ];
  return `${parts.join('\n')}`;
}

/** Gives every program and table a C identifier of its own. */
class Names {
  readonly #taken = new Set<string>();
  unique(name: string): string {
    const base = name.replace(/[^A-Za-z0-9_]/g, '_').replace(/^(?=\d)|^$/, '_');
    let made = base;
    for (let number = 2; this.#taken.has(made); number++) made = `${base}_${number}`;
    this.#taken.add(made);
    return made;
  }
}

class ProgramWriter {
  readonly #program: CSource['programs'][number];
  readonly #name: string;
  readonly #functions: ProgramFunctions;
  readonly #helpers: { readonly key: string; readonly name: string; readonly id: number; readonly btf: boolean; readonly tailCall: boolean }[] = [];
  readonly #values: { readonly key: string; readonly load: LoadImmediate }[] = [];
  readonly #lines: ReadonlyMap<number, SourceLine>;
  readonly #names: CNames;

  constructor(program: CSource['programs'][number], name: string, index: number, maxFrames: number) {
    this.#program = program;
    this.#name = `program_${index}_${name}`;
    this.#functions = analyseFunctions(program, maxFrames);
    this.#lines = new Map((program.lines ?? []).map((line) => [line.slot, line]));
    this.#collect();
    this.#names = {
      helper: (instruction) => this.#helper(instruction),
      value: (load) => this.#values.findIndex((one) => one.key === valueName(load)),
      call: (entry) => this.#call(entry, (register) => `r${register}`),
      callback: (entry) => `${this.#name}_callback_${slotText(entry)}`,
      addressTaken: this.#functions.addressTaken,
    };
  }

  /** The row of the program table. */
  get entry(): string {
    const { name, section, instructions } = this.#program;
    const count = instructions.reduce((sum, instruction) => sum + (instruction === undefined ? 0 : 1), 0);
    const table = (what: string, length: number) => (length === 0 ? '  NULL, 0,' : `  ${this.#name}_${what}, ${length},`);
    return [
      '  {',
      `  ${this.#name},`,
      `  ${stringText(name)}, ${stringText(section)},`,
      table('helpers', this.#helpers.length),
      table('values', this.#values.length),
      `  ${count},`,
      '  },',
    ].join('\n  ');
  }

  text(): string {
    const functions = [...this.#functions.functions.values()];
    const subprograms = functions.filter((one) => this.#isSubprogram(one.entry));
    const out: string[] = [];
    if (this.#helpers.length > 0) {
      const rows = this.#helpers.map((one) => `  {${stringText(one.name)}, ${one.id}, ${one.btf ? 1 : 0}, ${one.tailCall ? 1 : 0}},`);
      out.push(`static const helper_entry_t ${this.#name}_helpers[] = {\n${rows.join('\n')}\n};\n`);
    }
    if (this.#values.length > 0) {
      const rows = this.#values.map(({ load }) => `  {"${load.source}", ${int32Text(load.low)}, ${int32Text(load.high)}},`);
      out.push(`static const value_entry_t ${this.#name}_values[] = {\n${rows.join('\n')}\n};\n`);
    }
    for (const one of subprograms) out.push(`${this.#prototype(one)};`);
    for (const entry of this.#functions.addressTaken) out.push(this.#callback(entry));
    for (const one of subprograms) out.push(this.#function(this.#prototype(one), one));
    const main = this.#functions.functions.get(0)!;
    const head = `static uint64_t ${this.#name}(void *context, uint64_t length, const program_runtime_context_t *runtime_context)`;
    if (this.#isSubprogram(0)) {
      const start = this.#call(0, (register) => (register === 1 ? '(uint64_t)(uintptr_t)context' : register === 2 ? 'length' : '0'));
      out.push(`${head}\n{\n  (void)context;\n  (void)length;\n  return ${start};\n}\n`);
    } else out.push(this.#function(head, main));
    return out.join('\n');
  }

  /** The entry too, when it is called like one. */
  #isSubprogram(entry: number): boolean {
    if (entry !== 0) return true;
    return this.#functions.addressTaken.includes(0) || [...this.#functions.functions.values()].some((one) => one.callees.includes(0));
  }

  #collect(): void {
    for (const instruction of this.#program.instructions) {
      if (instruction?.kind === 'call' || instruction?.kind === 'call_btf') {
        const btf = instruction.kind === 'call_btf';
        const id = instruction.kind === 'call_btf' ? instruction.btfId : instruction.helper;
        const helper = (btf ? this.#program.kfuncs : this.#program.helpers).get(id);
        const key = `${instruction.kind}.${id}`;
        if (helper !== undefined && !this.#helpers.some((one) => one.key === key)) {
          this.#helpers.push({ key, name: helper.name, id, btf, tailCall: helper.tailCall === true });
        }
      } else if (instruction?.kind === 'lddw') {
        const key = valueName(instruction);
        if (key !== undefined && !this.#values.some((one) => one.key === key)) this.#values.push({ key, load: instruction });
      }
    }
  }

  #helper(instruction: Extract<Instruction, { kind: 'call' | 'call_btf' }>): ReturnType<CNames['helper']> {
    const id = instruction.kind === 'call_btf' ? instruction.btfId : instruction.helper;
    const index = this.#helpers.findIndex((one) => one.key === `${instruction.kind}.${id}`);
    return index < 0 ? undefined : { index, tailCall: this.#helpers[index]!.tailCall };
  }

  #parameters(target: EbpfFunction): Register[] {
    return ([0, 1, 2, 3, 4, 5, 6, 7, 8, 9] as const).filter((register) => (target.parameters >> register) & 1);
  }

  #prototype(target: EbpfFunction): string {
    const registers = this.#parameters(target).map((register) => `uint64_t r${register}, `);
    return `static uint64_t ${this.#name}_sub_${slotText(target.entry)}(${registers.join('')}const program_runtime_context_t *runtime_context)`;
  }

  #call(entry: number, register: (register: Register) => string): string {
    const parameters = this.#parameters(this.#functions.functions.get(entry)!);
    return `${this.#name}_sub_${slotText(entry)}(${parameters.map((one) => `${register(one)}, `).join('')}runtime_context)`;
  }

  #callback(entry: number): string {
    const head = `static uint64_t ${this.#name}_callback_${slotText(entry)}(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, const program_runtime_context_t *runtime_context)`;
    const unused = [1, 2, 3, 4, 5].map((register) => `  (void)r${register};`).join('\n');
    return `${head}\n{\n${unused}\n  return ${this.#call(entry, (register) => (register >= 1 && register <= 5 ? `r${register}` : '0'))};\n}\n`;
  }

  #function(head: string, target: EbpfFunction): string {
    const { instructions } = this.#program;
    const isEntry = target.entry === 0 && !this.#isSubprogram(0);
    const parameters = isEntry ? [] : this.#parameters(target);
    const slots = this.#slots(target);
    const body: string[] = [];
    const targets = this.#targets(target);
    let usesBudget = false;
    let used = target.registers | target.parameters | 1;
    slots.forEach((slot, index) => {
      const instruction = instructions[slot];
      if (targets.has(slot)) body.push(`${label(slot)}:`);
      if (instruction === undefined) {
        body.push(`  return runtime_context->fault(${slot}, runtime_context);`);
        return;
      }
      body.push(...this.#comment(instruction, slot));
      if (instruction.kind === 'may_goto') usesBudget = true;
      if (instruction.kind === 'call' || instruction.kind === 'call_btf' || instruction.kind === 'callx') used |= 0b111111;
      if (instruction.kind === 'call_local') used |= this.#functions.functions.get(slot + 1 + instruction.offset)!.parameters;
      body.push(...this.#statements(instruction, slot).map((line) => `  ${line}`));
      const next = slot + (instruction.kind === 'lddw' ? 2 : 1);
      const falls = instruction.kind !== 'exit' && instruction.kind !== 'jump';
      if (falls && slots[index + 1] !== next) body.push(`  goto ${label(next)};`);
    });
    const declarations: string[] = [];
    for (let register = 0; register < 10; register++) {
      if (((used >> register) & 1) === 0) continue;
      const given = isEntry && register === 1 ? '(uint64_t)(uintptr_t)context' : isEntry && register === 2 ? 'length' : '0';
      if (!parameters.includes(register as Register)) declarations.push(`  uint64_t r${register} = ${given};`);
      declarations.push(`  (void)r${register};`);
    }
    if (usesBudget) declarations.push('  uint32_t may_goto = EBPF_MAY_GOTO_BUDGET;');
    if (this.#readsFrame(slots)) {
      declarations.unshift('  uint64_t stack[(EBPF_STACK_SIZE + 7) / 8];', '  const uint64_t r10 = (uint64_t)(uintptr_t)stack + sizeof(stack);');
    }
    const unused = isEntry ? ['  (void)context;', '  (void)length;'] : [];
    return [head, '{', ...unused, '  (void)runtime_context;', ...declarations, ...body, '}', ''].join('\n');
  }

  /** Slots of the function in ascending order; where control leaves the program, the slot that is not there. */
  #slots(target: EbpfFunction): number[] {
    const slots = new Set<number>();
    for (const block of target.graph.blocks) {
      if (block.kind === 'invalid') slots.add(block.start);
      for (let slot = block.start; slot < block.end; slot++) if (this.#program.instructions[slot] !== undefined) slots.add(slot);
    }
    // The function begins at its entry, wherever code that it shares with others lies.
    return [target.entry, ...[...slots].filter((slot) => slot !== target.entry).sort((a, b) => a - b)];
  }

  /** Slots that need a label. */
  #targets(target: EbpfFunction): Set<number> {
    const labels = new Set<number>();
    const slots = this.#slots(target);
    slots.forEach((slot, index) => {
      const instruction = this.#program.instructions[slot];
      if (instruction === undefined) return;
      const to = jumpTarget(instruction, slot);
      if (to !== undefined) labels.add(to);
      const next = slot + (instruction.kind === 'lddw' ? 2 : 1);
      if (instruction.kind !== 'exit' && instruction.kind !== 'jump' && slots[index + 1] !== next) labels.add(next);
    });
    return labels;
  }

  #readsFrame(slots: readonly number[]): boolean {
    return slots.some((slot) => {
      const instruction = this.#program.instructions[slot];
      if (instruction === undefined) return false;
      const registers = [
        'src' in instruction ? instruction.src : undefined,
        'dst' in instruction ? instruction.dst : undefined,
        'source' in instruction && typeof instruction.source === 'object' && instruction.source.kind === 'register'
          ? instruction.source.register
          : undefined,
      ];
      return registers.includes(10);
    });
  }

  #comment(instruction: Instruction, slot: number): string[] {
    let fields = '';
    try {
      const { opcode, dst, src, offset, imm } = encodeSlot(instruction, slot);
      fields = `op=0x${opcode.toString(16).padStart(2, '0')} pc=${slot} dst=r${dst} src=r${src} offset=${offset} imm=${imm}`;
    } catch (error) {
      if (!(error instanceof EncodeError)) throw error;
      fields = `pc=${slot}`;
    }
    const line = this.#lines.get(slot);
    const position = line === undefined ? [] : [`#line ${line.line} ${stringText(line.file)}`];
    return [`  // ${fields}: ${commentText(formatInstruction(instruction, slot))}`, ...position];
  }

  #statements(instruction: Instruction, slot: number): readonly string[] {
    switch (instruction.kind) {
      case 'exit':
        return ['return r0;'];
      case 'jump':
        return [`goto ${label(slot + 1 + instruction.offset)};`];
      case 'branch':
        return [`if (${conditionOf(instruction)}) {`, `  goto ${label(slot + 1 + instruction.offset)};`, '}'];
      case 'may_goto':
        return ['if (may_goto == 0) {', `  goto ${label(slot + 1 + instruction.offset)};`, '}', 'may_goto--;'];
      default:
        return statementsOf(instruction, slot, this.#names);
    }
  }
}

function hashTable(source: CSource): string {
  const bytes = source.source.sha256.match(/../g)?.map((byte) => `0x${byte}`) ?? [];
  return [
    '/* SHA-256 of the object. */',
    'static void _get_hash(const uint8_t **hash, size_t *size)',
    '{',
    `  static const uint8_t bytes[] = {${bytes.join(', ')}};`,
    '  *hash = bytes;',
    '  *size = sizeof(bytes);',
    '}',
    '',
  ].join('\n');
}

function mapTables(source: CSource): string {
  const out: string[] = [];
  const getter = (type: string, name: string, rows: readonly string[]) => {
    out.push(`static void ${name}(const ${type} **rows, size_t *count)`, '{');
    if (rows.length > 0) out.push(`  static const ${type} table[] = {`, ...rows.map((row) => `    ${row},`), '  };');
    out.push(rows.length > 0 ? '  *rows = table;' : '  *rows = NULL;', `  *count = ${rows.length};`, '}', '');
  };
  const rows = source.maps.map(
    (map) =>
      `{${stringText(map.name)}, ${map.type}u, ${map.keySize}u, ${map.valueSize}u, ${map.maxEntries}u, ${map.flags}u, ${map.pinning}u, ${map.inner ?? -1}}`,
  );
  getter('map_entry_t', '_get_maps', rows);
  const slots = source.maps.flatMap((map) =>
    (map.initialSlots ?? []).map(({ index, target }) => `{${stringText(map.name)}, ${index}u, ${stringText(target)}}`),
  );
  getter('map_initial_value_t', '_get_map_initial_values', slots);
  const sections: string[] = [];
  source.maps.forEach((map, index) => {
    if (map.data === undefined || map.data.bytes.length === 0) return;
    out.push(`static const uint8_t _section_${index}[] = {${[...map.data.bytes].join(', ')}};`);
    sections.push(
      `{${stringText(map.name)}, ${stringText(map.data.section)}, _section_${index}, ${map.data.bytes.length}, ${map.data.readOnly ? 1 : 0}}`,
    );
  });
  getter('global_variable_section_t', '_get_global_variable_sections', sections);
  return out.join('\n');
}

function programTable(programs: readonly ProgramWriter[]): string {
  const table = programs.length === 0 ? [] : ['static const program_entry_t _programs[] = {', ...programs.map((program) => program.entry), '};'];
  return [
    ...table,
    '',
    'static void _get_programs(const program_entry_t **programs, size_t *count)',
    '{',
    `  *programs = ${programs.length === 0 ? 'NULL' : '_programs'};`,
    `  *count = ${programs.length};`,
    '}',
    '',
  ].join('\n');
}

function metadataTable(source: CSource, name: string): string {
  const [major = '0', minor = '0', revision = '0'] = /(\d+)\.(\d+)\.(\d+)/.exec(source.version)?.slice(1) ?? [];
  return [
    'static void _get_version(bpf2c_version_t *version)',
    '{',
    `  version->major = ${major};`,
    `  version->minor = ${minor};`,
    `  version->revision = ${revision};`,
    '}',
    '',
    `extern const metadata_table_t ${name}_metadata_table;`,
    `const metadata_table_t ${name}_metadata_table = {`,
    '  _get_programs, _get_maps, _get_hash, _get_version, _get_map_initial_values, _get_global_variable_sections,',
    '};',
    '',
  ].join('\n');
}

/** A C string literal. Anything but plain ASCII becomes three octal digits, so that nothing can end the literal or form a trigraph. */
function stringText(text: string): string {
  const bytes = [...new TextEncoder().encode(text)].map((byte) =>
    byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c && byte !== 0x3f
      ? String.fromCharCode(byte)
      : `\\${byte.toString(8).padStart(3, '0')}`,
  );
  return `"${bytes.join('')}"`;
}

/** Text for a line comment: one line, and no backslash at its end that would continue it. */
function commentText(text: string): string {
  return text.replace(/[^\x20-\x7e]|[\\?]/g, '_');
}

function label(slot: number): string {
  return `label_${slotText(slot)}`;
}

/** A slot as part of an identifier; jumps of defective programs may go before the first one. */
function slotText(slot: number): string {
  return slot < 0 ? `before_${-slot}` : String(slot);
}

/** The smallest int32 has no literal of its own in C. */
function int32Text(value: number): string {
  return value === -0x8000_0000 ? 'INT32_MIN' : String(value);
}
