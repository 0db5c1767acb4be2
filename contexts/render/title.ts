/** The line above each block where a command speaks of several programs. */
export function programTitle(section: string, program: string): string {
  return `Section ${section}, program ${program}:\n\n`;
}
