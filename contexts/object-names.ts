import type { Host } from './host.ts';
import { parseObject } from './objects.ts';

export interface ObjectName {
  readonly name: string;
  readonly description: string;
}

/** Sections or programs of an object, for completion. @throws CommandError where it cannot be read. */
export async function namesInObject(
  host: Host,
  path: string,
  kind: 'section' | 'program',
  section: string | undefined,
): Promise<readonly ObjectName[]> {
  const { programs } = parseObject(await host.readFile(path), path);
  const wanted = section === undefined ? programs : programs.filter((program) => program.section === section);
  if (kind === 'program') return wanted.map((program) => ({ name: program.name, description: `${program.section}, ${program.size} bytes` }));
  const sections = [...new Set(programs.map((program) => program.section))];
  return sections.map((name) => ({
    name,
    description: programs
      .filter((program) => program.section === name)
      .map((program) => program.name)
      .join(', '),
  }));
}
