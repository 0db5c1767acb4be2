/** netsh's own sentences, word for word; other programs and people's eyes look for them. */

export const SYNTAX_ERROR = 'The syntax supplied for this command is not valid. Check help for the correct syntax.';

export const MISSING_PARAMETERS = `One or more essential parameters were not entered.\nVerify the required parameters, and reenter them.\n${SYNTAX_ERROR}`;

/** Win32 error 87. */
export const PARAMETER_INCORRECT = 'The parameter is incorrect.';

export const OK = 'Ok.\n';

export const HELP_FOOTER = 'To view help for a command, type the command, followed by a space, and then\n type ?.\n';

export function commandNotFound(words: string): string {
  return `The following command was not found: ${words}.`;
}

export function ambiguous(word: string, candidates: readonly string[]): string {
  return `"${word}" is ambiguous. It could be: ${candidates.join(', ')}.`;
}

export function didYouMean(candidates: readonly string[]): string {
  return candidates.length === 0 ? '' : `\nDid you mean ${candidates.map((candidate) => `"${candidate}"`).join(' or ')}?`;
}

export function invalidArgument(name: string): string {
  return `${name} is not a valid argument for this command.`;
}

export function unacceptableValue(value: string, tag: string): string {
  return `"${value}" is not an acceptable value for ${tag}.`;
}

export function changesContext(path: string): string {
  return `Changes to the \`${path}' context.`;
}
