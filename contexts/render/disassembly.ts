import { programTitle } from './title.ts';

export interface SourcePlace {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

export interface DisassembledProgram {
  readonly section: string;
  readonly program: string;
  readonly instructions: readonly {
    readonly pc: number;
    readonly text: string;
    /** The line that starts here; null inside a line and where nothing is known. */
    readonly source: SourcePlace | null;
  }[];
}

/** The original's listing: source lines where they change, slot numbers, an empty line at the end; titles where there are several programs. */
export function disassemblyText(programs: readonly DisassembledProgram[]): string {
  return programs.map((program) => (programs.length > 1 ? programTitle(program.section, program.program) : '') + listing(program)).join('');
}

function listing({ instructions }: DisassembledProgram): string {
  let previous: SourcePlace | null = null;
  let text = '';
  for (const { pc, text: words, source } of instructions) {
    if (source && !(previous && previous.file === source.file && previous.line === source.line)) {
      text += sourceText(source);
      previous = source;
    }
    text += `${String(pc).padStart(8)}:\t${words}\n`;
  }
  return `${text}\n`;
}

/** `; file:line` and `; text`. */
export function sourceText({ file, line, text }: SourcePlace): string {
  return `; ${file}:${line}\n; ${text}\n`;
}
