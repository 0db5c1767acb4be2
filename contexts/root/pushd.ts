import { defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { commandNotFound } from '../messages.ts';
import { joinWords } from '../tokens.ts';

export const command = defineCommand({
  tags: [
    { name: 'context', type: 'rest', placeholder: 'context', help: 'The context to change to; without it, the current one is only remembered.' },
  ],
  remarks: 'popd returns to the remembered context.',
  examples: ['pushd ebpf'],
  async run({ context = [] }, { session, io }) {
    if (context.length > 0 && (await session.resolveWords(context)).kind !== 'enter')
      throw new UsageError(commandNotFound(context.join(' ')), { value: joinWords(context) });
    session.pushContext();
    if (context.length > 0) await session.runWords(context, io);
  },
  text: () => '',
});
