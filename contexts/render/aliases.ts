/** Aliases as `show alias` and `alias` list them. */
export function aliasTable(aliases: readonly (readonly [name: string, words: string])[]): string {
  const width = Math.max(0, ...aliases.map(([name]) => name.length));
  return aliases.map(([name, words]) => `${name.padEnd(width)} : ${words}\n`).join('');
}
