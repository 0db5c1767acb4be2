import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { writeC } from '../../src/engine/native/c-backend.ts';
import type { Instruction, InstructionList } from '../../src/isa/instruction.ts';
import { DATA, executable, FRAME_SIZE, MAX_FRAMES } from './jit-fixture.ts';
import { DATA_SIZE, generate } from './jit-generator.ts';
import { byOracle, inputOf } from './oracle-runs.ts';

const compiler = ['cc', 'clang'].find((name) => spawnSync(name, ['--version']).status === 0);
if (compiler === undefined) console.warn('SKIPPED: C output is not compared (no cc, no clang)');

const WANTED = Number(process.env.EBPFSH_C_PROGRAMS ?? 60);
const folder = mkdtempSync(join(tmpdir(), 'ebpfsh-c-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs every program on its data, argument n in hexadecimal; prints r0 and the data that are left. */
const HARNESS = `
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
  static uint8_t data[${DATA_SIZE}];
  const program_entry_t *programs;
  size_t count;
  test_metadata_table.programs(&programs, &count);
  const uint64_t values[] = {(uint64_t)(uintptr_t)data};
  const program_runtime_context_t context = {NULL, NULL, values, NULL, NULL, NULL};
  for (size_t index = 0; index < count && (int)index + 1 < argc; index++) {
    for (size_t at = 0; at < sizeof data; at++) {
      char pair[3] = {argv[index + 1][2 * at], argv[index + 1][2 * at + 1], 0};
      data[at] = (uint8_t)strtoul(pair, NULL, 16);
    }
    printf("%llx ", (unsigned long long)programs[index].function(NULL, 0, &context));
    for (size_t at = 0; at < sizeof data; at++) printf("%02x", data[at]);
    printf("\\n");
  }
  return 0;
}
`;

/** Programs whose result depends on no address and on no helper. */
function isPlain(instructions: InstructionList): boolean {
  return instructions.every(
    (one) => one === undefined || !(one.kind === 'call' || (one.kind === 'binary' && one.source.kind === 'register' && one.source.register === 10)),
  );
}

/** The address of the data becomes one that the loader provides. */
function relocated(instruction: Instruction | undefined): Instruction | undefined {
  return instruction?.kind === 'lddw' && instruction.dst === 9 && instruction.low === DATA
    ? { kind: 'lddw', dst: 9, source: 'map_value', low: 0, high: 0 }
    : instruction;
}

it.skipIf(compiler === undefined)(`C output agrees with the standard on ${WANTED} random programs`, { timeout: 300_000 }, () => {
  const chosen: { readonly seed: number; readonly instructions: InstructionList; readonly expected: string }[] = [];
  for (let seed = 0; chosen.length < WANTED; seed++) {
    const instructions = generate(seed);
    if (!isPlain(instructions)) continue;
    const { result, memory } = byOracle(instructions, seed);
    if (typeof result === 'string') continue;
    const data = Buffer.from(memory.subarray(DATA, DATA + DATA_SIZE)).toString('hex');
    chosen.push({ seed, instructions: instructions.map(relocated), expected: `${result.toString(16)} ${data}` });
  }
  const source = writeC({
    ...{ name: 'test', maps: [], source: { path: 'test.o', sha256: '0123456789abcdef'.repeat(4) }, platform: 'windows', version: 'test' },
    ...{ frameSize: FRAME_SIZE, maxFrames: MAX_FRAMES },
    programs: chosen.map(({ seed, instructions }) => ({ ...executable(instructions), name: `program_${seed}`, section: 'xdp' })),
  });
  writeFileSync(join(folder, 'harness.c'), source + HARNESS);
  const binary = join(folder, 'harness');
  const built = spawnSync(compiler!, ['-Wall', '-Wextra', '-Werror', '-std=c11', '-O2', join(folder, 'harness.c'), '-o', binary], {
    encoding: 'utf8',
  });
  expect(built.stderr).toBe('');
  const run = spawnSync(
    binary,
    chosen.map(({ seed }) => Buffer.from(inputOf(seed)).toString('hex')),
    { encoding: 'utf8' },
  );
  expect(run.status).toBe(0);
  const lines = run.stdout.trim().split('\n');
  for (const [index, { seed, expected }] of chosen.entries()) expect(lines[index], `seed ${seed}`).toBe(expected);
});
