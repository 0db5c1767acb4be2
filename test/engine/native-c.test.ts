import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type CSource, writeC } from '../../src/engine/native/c-backend.ts';
import { parseConformanceCase } from '../../src/isa/conformance.ts';
import type { Instruction } from '../../src/isa/instruction.ts';
import { assemble } from '../../src/isa/parse-conformance.ts';
import { corpusPath, reportSkipped } from '../corpus.ts';
import { executable, FRAME_SIZE, MAX_FRAMES } from './jit-fixture.ts';

const compilers = ['cc', 'clang'].filter((name) => spawnSync(name, ['--version']).status === 0);
if (compilers.length === 0) console.warn('SKIPPED: C output is not compiled (no cc, no clang)');

const folder = mkdtempSync(join(tmpdir(), 'ebpfsh-c-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function sourceOf(programs: CSource['programs'], rest: Partial<CSource> = {}): CSource {
  return {
    name: 'test',
    programs,
    maps: [],
    source: { path: 'test.o', sha256: '0123456789abcdef'.repeat(4) },
    platform: 'windows',
    version: 'ebpfsh 1.2.3',
    frameSize: FRAME_SIZE,
    maxFrames: MAX_FRAMES,
    ...rest,
  };
}

const program = (name: string, instructions: readonly (Instruction | undefined)[]) => ({ ...executable(instructions), name, section: 'xdp' });

/** Runs every program: argument n is the memory of program n in hexadecimal, `-` for none. Prints one r0 per line. */
const HARNESS = `
#include <stdio.h>
#include <stdlib.h>
static uint64_t unwind(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, const program_runtime_context_t *context) {
  (void)r2; (void)r3; (void)r4; (void)r5; (void)context;
  return r1;
}
static uint64_t by_id(uint64_t id, uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, const program_runtime_context_t *context) {
  if (id != 5) abort();
  return unwind(r1, r2, r3, r4, r5, context);
}
static int no_packet(uint64_t context, int32_t offset, uint32_t size, uint64_t *value, const program_runtime_context_t *runtime) {
  (void)context; (void)offset; (void)size; (void)value; (void)runtime;
  return -1;
}
static uint64_t fault(uint64_t instruction, const program_runtime_context_t *context) {
  (void)context;
  return 0xdead0000 + instruction;
}
int main(int argc, char **argv) {
  const program_entry_t *programs;
  size_t count;
  test_metadata_table.programs(&programs, &count);
  const helper_function_t helpers[] = {unwind};
  const uint64_t values[] = {0x1111, 0x2222, 0x3333};
  const program_runtime_context_t context = {NULL, helpers, values, by_id, no_packet, fault};
  for (size_t index = 0; index < count && (int)index + 1 < argc; index++) {
    const char *hex = argv[index + 1];
    size_t length = strcmp(hex, "-") == 0 ? 0 : strlen(hex) / 2;
    uint8_t *memory = malloc(length + 1);
    for (size_t at = 0; at < length; at++) {
      char pair[3] = {hex[2 * at], hex[2 * at + 1], 0};
      memory[at] = (uint8_t)strtoul(pair, NULL, 16);
    }
    printf("%llx\\n", (unsigned long long)programs[index].function(length == 0 ? NULL : memory, length, &context));
    free(memory);
  }
  return 0;
}
`;

/** Compiles with every warning an error, runs, and returns the results. */
function build(compiler: string, source: CSource, memories: readonly (Uint8Array | undefined)[]): bigint[] {
  const file = join(folder, 'generated.c');
  writeFileSync(file, writeC(source));
  // The generated file must build by itself; the harness includes it.
  const flags = ['-Wall', '-Wextra', '-Werror', '-std=c11', '-O1'];
  const alone = spawnSync(compiler, [...flags, '-c', file, '-o', join(folder, 'generated.o')], { encoding: 'utf8' });
  expect(alone.stderr).toBe('');
  const harness = join(folder, 'harness.c');
  writeFileSync(harness, `#include "generated.c"\n${HARNESS}`);
  const binary = join(folder, 'harness');
  const built = spawnSync(compiler, [...flags, harness, '-o', binary], { encoding: 'utf8' });
  expect(built.stderr).toBe('');
  const run = spawnSync(
    binary,
    memories.map((memory) => (memory === undefined || memory.length === 0 ? '-' : Buffer.from(memory).toString('hex'))),
    { encoding: 'utf8' },
  );
  expect(run.status).toBe(0);
  return run.stdout
    .trim()
    .split('\n')
    .map((line) => BigInt(`0x${line}`));
}

const cases = corpusPath('conformance');
if (cases === undefined) reportSkipped('conformance', 245);

describe.skipIf(compilers.length === 0)('C output', () => {
  it.skipIf(cases === undefined).each(compilers)(
    'of all conformance cases gives their results, built without warnings by %s',
    { timeout: 120_000 },
    (compiler) => {
      const files = readdirSync(cases!).filter((name) => name.endsWith('.data'));
      const parsed = files.map((file) => parseConformanceCase(readFileSync(join(cases!, file), 'utf8')));
      const programs = files.map((file, index) => program(file, parsed[index]!.instructions));
      const results = build(
        compiler,
        sourceOf(programs),
        parsed.map(({ memory }) => memory),
      );
      expect(Object.fromEntries(files.map((file, index) => [file, results[index]]))).toEqual(
        Object.fromEntries(files.map((file, index) => [file, parsed[index]!.result])),
      );
    },
  );

  it.each(compilers)('of hostile names, odd control flow, maps, and constants at their limits builds with %s', { timeout: 60_000 }, (compiler) => {
    const lddw = (source: 'map_fd' | 'map_value', low: number): (Instruction | undefined)[] => [
      { kind: 'lddw', dst: 0, source, low, high: 0 },
      undefined,
    ];
    const programs = [
      program('main', assemble('mov %r0, 1\nexit')),
      program(
        'int */ "x" \\',
        assemble('mov %r1, %r1\nand %r1, %r1\njge %r1, 0, +0\njlt32 %r1, 0, +0\njgt32 %r1, -1, +0\njeq %r1, %r1, +0\nmov %r0, %r2\nexit'),
      ),
      program('main', [...lddw('map_fd', 1), ...lddw('map_value', 2), { kind: 'exit' }]),
      program('', assemble('ja +3\nexit')),
      program('backwards', assemble('mov %r0, 0\nja -7')),
      program('1', assemble('call 77\nexit')),
      program('callbacks', [
        { kind: 'lddw', dst: 6, source: 'code', low: 5, high: 0 },
        undefined,
        ...assemble('mov %r1, 20\ncall %r6\nadd %r0, 1\nexit\nmov %r0, %r1\nadd %r0, %r1\nexit'),
      ]),
      program('budget', [
        ...(assemble('mov %r0, 0') as Instruction[]),
        { kind: 'may_goto', offset: 2 },
        ...(assemble('add %r0, 1\nja -3\nexit') as Instruction[]),
      ]),
      program('packet', [{ kind: 'packet', size: 4, imm: -1, index: 2 }, { kind: 'exit' }]),
      program('sdiv', assemble('mov %r0, -2147483648\nmov %r1, -1\nsdiv %r0, %r1\nsdiv32 %r0, -1\nsmod %r0, -1\narsh %r0, 70\nlsh32 %r0, 33\nexit')),
      { ...program('lines', assemble('mov %r0, 5\nexit')), lines: [{ slot: 0, file: 'a "b" \\ ??/ c.c', line: 3 }] },
    ];
    const map = { type: 1, keySize: 4, valueSize: 8, maxEntries: 0xffff_ffff, flags: 0, pinning: 0 };
    const maps: CSource['maps'] = [
      { ...map, name: 'a"b', origin: 'btf', inner: 1 },
      { ...map, name: 'data', origin: 'data', data: { section: '.data', bytes: Uint8Array.of(1, 2, 3), readOnly: true } },
      { ...map, name: 'slots', origin: 'btf', initialSlots: [{ index: 3, target: 'main' }] },
    ];
    const results = build(
      compiler,
      sourceOf(programs, { maps, source: { path: 'x\n#error\\', sha256: 'ab'.repeat(32) } }),
      programs.map(() => undefined),
    );
    expect(results).toEqual([1n, 0n, 0x2222n, 0xdead0004n, (0xdead0000n - 5n) & 0xffff_ffff_ffff_ffffn, 0xdead0000n, 41n, 0x80_0000n, 0n, 0n, 5n]);
  });
});

it('C output names its origin, its instructions and its lines', () => {
  const text = writeC(sourceOf([{ ...program('first', assemble('mov %r0, 5\nexit')), lines: [{ slot: 0, file: 'first.c', line: 12 }] }]));
  expect(text.startsWith('// Do not alter this generated file.\n// This file was generated from test.o by ebpfsh 1.2.3')).toBe(true);
  expect(text).toContain('  // op=0xb7 pc=0 dst=r0 src=r0 offset=0 imm=5: r0 = 5\n#line 12 "first.c"\n  r0 = UINT64_C(0x5);');
  expect(text).toContain('const metadata_table_t test_metadata_table');
});
