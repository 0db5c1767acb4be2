import type { Platform } from '../../src/platform/platform.ts';
import { defaultData } from '../../src/runtime/hooks/contexts.ts';
import { eventFacts } from '../../src/runtime/hooks/facts.ts';
import { fireHook } from '../../src/runtime/hooks/fire.ts';
import { defineCommand } from '../command.ts';
import { CommandError, UsageError } from '../errors.ts';
import { didYouMean, PARAMETER_INCORRECT, unacceptableValue } from '../messages.ts';
import { machineOf } from '../runtime.ts';
import { bytesOrFile, hex, parseFields } from '../runtime-values.ts';
import { suggest } from '../suggest.ts';
import { traceText } from './show-trace.ts';

export const command = defineCommand({
  tags: [
    { name: 'hook', type: 'string', required: true, help: 'The attach type: connect4 or cgroup/connect4, bind, process ...\nshow types lists them.' },
    { name: 'fields', type: 'string', help: 'Fields of the event, as test program takes them.\nThe default is a plausible event.' },
    { name: 'data', type: 'string', help: 'The data of the event: hex digits, or a file.' },
    { name: 'compartment', type: 'integer', named: true, help: 'The network compartment where it happens.\nThe default is anywhere.' },
    { name: 'platform', type: ['windows', 'linux'], named: true, help: 'The host whose hook fires.\nThe default is windows.' },
  ],
  remarks:
    'Fires a hook: every attached program sees the event, in order of attachment, as the one before left it. A rejection ends the chain on Windows; Linux asks them all. For XDP, interface feed sends packets.',
  examples: [
    'test hook connect4 fields=user_ip=10.0.0.1,user_port=htons(443)',
    'test hook bind compartment=1',
    'test hook process fields=operation=1',
  ],
  async run(tags, environment) {
    const given = tags.data === undefined ? undefined : await bytesOrFile(environment.host, tags.data);
    return machineOf(environment).onPlatform(tags.platform ?? 'windows', (runtime) => {
      const { platform } = runtime;
      const hook = hookNamed(platform, tags.hook);
      const type = platform.programTypes.find((candidate) => candidate.name === hook.programType)!;
      if (type.name === 'xdp') throw new CommandError('hook', 'XDP sees packets: interface feed sends them.');
      const fields = tags.fields === undefined ? {} : parseFields(tags.fields, type.context, eventFacts(platform, type));
      const data = given ?? defaultData(platform, type);
      const event = tags.compartment === undefined ? {} : { compartmentId: tags.compartment };
      const outcome = fireHook(runtime, hook.name, fields, event, data === undefined ? {} : { data });
      const named = (id: number) => ({ id, name: runtime.program(id)?.name ?? '' });
      return {
        hook: hook.name,
        verdict: outcome.verdict,
        redirected: outcome.redirected,
        programs: outcome.results.map(({ programId, result }) => ({ ...named(programId), result })),
        skipped: outcome.skipped.map(named),
      };
    });
  },
  text: ({ hook, verdict, redirected, programs, skipped }) =>
    [
      programs.map(({ result }) => result.trace.map(traceText).join('')).join(''),
      ...programs.map(({ id, name, result: { returnValue, returnName } }, index) => {
        const meaning = returnName === undefined ? '' : ` (${returnName})`;
        return `${index + 1}. program ${id} (${name}): ${returnValue}${meaning}\n`;
      }),
      ...skipped.map(({ id, name }) => `   program ${id} (${name}) was not asked\n`),
      programs.length === 0
        ? `No program is attached to ${hook}: the event proceeds.\n`
        : `The event ${verdict === 'reject' ? 'is rejected' : 'proceeds'}${redirected ? ', to another destination' : ''}.\n`,
    ].join(''),
  json: ({ hook, verdict, redirected, programs, skipped }) => ({
    schema: 1,
    hook,
    verdict,
    redirected,
    programs: programs.map(({ id, name, result: { returnValue, returnName, context } }) => ({
      id,
      name,
      returnValue,
      ...(returnName === undefined ? {} : { returnName }),
      context: hex(context, ''),
    })),
    skipped,
  }),
});

/** The attach type of this name; the prefix "cgroup/" may be left out. */
function hookNamed({ attachTypes, title }: Platform, text: string) {
  const wanted = text.toLowerCase();
  const hook = attachTypes.find(({ name }) => name === wanted) ?? attachTypes.find(({ name }) => name === `cgroup/${wanted}`);
  if (hook) return hook;
  const names = attachTypes.flatMap(({ name }) => [name, name.replace(/^cgroup\//, '')]);
  const suggestion = didYouMean(suggest(wanted, names));
  throw new UsageError(
    `${unacceptableValue(text, 'hook')}\n${title} has no such attach type; show types lists them.${suggestion}\n${PARAMETER_INCORRECT}`,
  );
}
