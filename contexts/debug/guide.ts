import { defineCommand, type Tag } from '../command.ts';
import { CommandError, UsageError } from '../errors.ts';
import { PARAMETER_INCORRECT, unacceptableValue } from '../messages.ts';
import { debuggerOf } from './debugger.ts';
import { answerGuide, backInGuide, showGuide } from './guide-session.ts';
import { guideJson, guideText } from './guide-text.ts';

/** What the guide is told: a number, several, or to go back. */
export const ANSWER = {
  name: 'answer',
  type: 'string',
  placeholder: 'number|back|again',
  help: 'The number of an answer, several with commas; back: takes the last one back. again: begins once more.\nThe default is to ask the question again.',
} as const satisfies Tag;

export const command = defineCommand({
  tags: [ANSWER],
  remarks:
    'Each question comes with what is known; at the end stands a change that was verified, or what can honestly be said. A number alone answers, too.',
  examples: ['guide', 'guide answer=1', 'guide answer=1,2', 'guide back'],
  async run({ answer }, environment) {
    const { session } = debuggerOf(environment.state, false);
    if (answer === undefined) return showGuide(session, environment);
    const word = answer.toLowerCase();
    if (word !== '' && 'back'.startsWith(word)) return backInGuide(session, environment);
    if (word !== '' && 'again'.startsWith(word)) return answerGuide(session, [], true, environment);
    return answerGuide(session, readAnswers(answer), answer.includes(','), environment);
  },
  text: ({ page, sourceHere }) => guideText(page, undefined, sourceHere),
  json: guideJson,
});

/** `1` or `1,2,1`. @throws UsageError for anything else. */
export function readAnswers(text: string): readonly number[] {
  if (!/^[1-9](?:,[1-9])*$/.test(text)) throw new UsageError(`${unacceptableValue(text, 'answer')}\n${PARAMETER_INCORRECT}`);
  return text.split(',').map(Number);
}

/** A number at the prompt answers the question that was asked last. */
export const answer = defineCommand({
  tags: [{ name: 'words', type: 'rest', help: 'The number of an answer.' }],
  async run({ words = [] }, environment) {
    const { session } = debuggerOf(environment.state, false);
    if (words.length !== 1) throw new CommandError('guide', 'A number alone answers the question of "guide".');
    return answerGuide(session, readAnswers(words[0]!), false, environment);
  },
  text: ({ page, sourceHere }) => guideText(page, undefined, sourceHere),
});
