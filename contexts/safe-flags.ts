/**
 * Which words of somebody else's compile command are taken over. A compile database comes with the sources, and clang loads plugins, runs
 * other programs and writes files when its command line says so: only what changes how a source is read and compiled is kept.
 */

/** Options that take the next word. */
const WITH_WORD = new Set([
  ...['-I', '-D', '-U', '-isystem', '-iquote', '-idirafter', '-include', '-imacros', '-isysroot', '--sysroot'],
  '-fdebug-compilation-dir',
]);
/** Options whose next word says what is compiled, for which: other languages and targets run assemblers and compilers of their own. */
const EXPECTED: ReadonlyMap<string, RegExp> = new Map([
  ['-target', /^bpf/],
  ['-x', /^c$/],
]);

/** What a flag may look like; none of these names a program, a plugin or a file to write. */
const KEPT: readonly RegExp[] = [
  /^-[IDU]./s,
  /^-(?:isystem|iquote|idirafter|include(?!-pch)|imacros|isysroot).+/s,
  /^--sysroot=/,
  /^--target=bpf/,
  /^-std=[\w+:]+$/,
  /^-O[\w]?$/,
  // With a comma (-Wa, -Wl, -Wp) words are passed on to other programs.
  /^-W[^,]*$/,
  /^-g(?:[0-3]|dwarf(?:-\d)?|line-tables-only|btf)?$/,
  /^-m(?!llvm)[\w-]+(?:=[\w.,+-]+)?$/,
  /^-f(?:debug|macro|file)-prefix-map=/,
  /^-fdebug-compilation-dir=/,
  /^-f[\w-]+(?:=[\w.,+-]+)?$/,
  /^-(?:w|ansi|pedantic|pedantic-errors|pipe|pthread|nostdinc|nostdlibinc|nobuiltininc)$/,
];

/** Among the -f flags, by how they go on: those that load code, have other programs run, or write what they measure. */
const REFUSED = new RegExp(
  `^-f(?:no-)?(?:${[
    ...['plugin', 'pass-plugin', 'integrated-', 'use-ld', 'openmp', 'offload', 'cuda', 'hip', 'gpu', 'sycl'],
    ...['module', 'implicit-module', 'prebuilt-', 'crash-', 'dump', 'save-', 'optimization-record', 'stack-usage', 'proc-stat', 'time-'],
    ...['profile', 'cs-profile', 'auto-profile', 'memory-profile', 'coverage', 'test-coverage', 'xray', 'thin'],
  ].join('|')})`,
);

/** The words of a compile command, split: those that are taken over, and the options that are not. What is no option is a file and goes. */
export function safeFlags(words: readonly string[]): { readonly kept: readonly string[]; readonly refused: readonly string[] } {
  const kept: string[] = [];
  const refused: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    const value = words[at + 1];
    if (value !== undefined && (WITH_WORD.has(word) || EXPECTED.get(word)?.test(value))) {
      kept.push(word, value);
      at++;
    } else if (!REFUSED.test(word) && KEPT.some((pattern) => pattern.test(word))) kept.push(word);
    else if (/^[-@]./.test(word)) refused.push(word);
  }
  return { kept, refused };
}
