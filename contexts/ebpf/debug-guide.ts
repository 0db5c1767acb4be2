import { defineCommand } from '../command.ts';
import { ANSWER, readAnswers } from '../debug/guide.ts';
import { answerGuide } from '../debug/guide-session.ts';
import { guideJson, guideText } from '../debug/guide-text.ts';
import { joinWords } from '../tokens.ts';
import { DEBUGGED, openForDebugging } from './debug-verification.ts';

export const command = defineCommand({
  tags: [...DEBUGGED, { ...ANSWER, placeholder: 'number,number', help: 'The numbers of the answers so far, with commas.\nThe default is to begin.' }],
  remarks:
    'Each question comes with what is known; at the end stands a change that was verified, or what can honestly be said. Enters the debug context, where "guide" and numbers go on.',
  examples: ['debug guide samples/droppacket_unsafe.o', 'debug guide samples/droppacket_unsafe.o answer=1,3'],
  async run({ answer, ...tags }, environment) {
    const answers = answer === undefined ? [] : readAnswers(answer);
    const { debug, note } = await openForDebugging(tags, environment);
    const step = await answerGuide(debug.session, answers, true, environment);
    return { note, step, again: againLine(tags, step.answers) };
  },
  text: ({ note, step, again }) => `${note}${guideText(step.page, again, step.sourceHere)}`,
  json: ({ step }) => guideJson(step),
});

/** The line that gives one more answer, but for its number. */
function againLine(tags: object, answers: readonly number[]): string {
  const named = Object.entries(tags).flatMap(([name, value]) =>
    value === undefined ? [] : [name === 'filename' ? joinWords([`${value}`]) : `${name}=${joinWords([`${value}`])}`],
  );
  return `ebpf debug guide ${[...named, `answer=${answers.map((answer) => `${answer},`).join('')}`].join(' ')}`;
}
