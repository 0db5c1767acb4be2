import type { InstructionStatistics } from '../../src/isa/statistics.ts';
import { table } from './table.ts';

interface ProgramRow {
  readonly section: string;
  readonly program: string;
  readonly type: string;
  readonly bytes: number;
  readonly instructions: number;
  readonly statistics?: InstructionStatistics;
}

/** `show sections` level=normal. */
export function programTable(programs: readonly ProgramRow[]): string {
  return table(
    [
      { title: ['Section'], width: 30, align: 'right' },
      { title: ['Program'], width: 24, align: 'right' },
      { title: ['Type'], width: 9, align: 'right' },
      { title: ['Size   ', '(bytes)'], width: 7, align: 'right' },
    ],
    programs.map(({ section, program, type, bytes }) => [section, program, type, String(bytes)]),
  );
}

/** One program at the other levels; the counts where there are any. */
export function programBlock({ section, program, type, bytes, instructions, statistics }: ProgramRow): string {
  const lines = [
    ['Section', section],
    ['Program', program],
    ['Program Type', type],
    ['Size', `${bytes} bytes`],
  ];
  if (statistics) {
    lines.push(['Instructions', String(instructions)]);
    for (const [name, count] of statistics) lines.push([name, String(count)]);
  }
  return `\n${lines.map(([key, value]) => `${key!.padEnd(13)}: ${value}\n`).join('')}`;
}
