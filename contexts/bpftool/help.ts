import { type ObjectRow, objects } from './objects.ts';

const MARGIN = ' '.repeat('Usage: '.length);

/** `bpftool help`. */
export function overview(): string {
  return `Usage: bpftool [OPTIONS] OBJECT { COMMAND | help }
       bpftool batch file FILE
       bpftool version

       OBJECT := { ${objects.map(({ name }) => name).join(' | ')} }
       OPTIONS := { {-j|--json} [{-p|--pretty}] | {-d|--debug} | {-l|--legacy} |
                    {-V|--version} }
`;
}

/** `bpftool prog help`: a line for every verb, then what its capital letters stand for. */
export function objectHelp({ name, verbs, terms }: ObjectRow): string {
  const usages = [...verbs.map(({ usage }) => usage).filter((usage) => usage !== ''), 'help'];
  const lines = usages.map((usage, index) => `${index === 0 ? 'Usage: ' : MARGIN}bpftool ${name} ${usage}\n`);
  return `${lines.join('')}\n${terms.map((term) => `${MARGIN}${term}\n`).join('')}`;
}
