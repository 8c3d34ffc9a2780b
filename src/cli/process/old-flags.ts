/** Command lines of ngrok and cloudflared: recognised, and answered with the line to type instead. */
import { ConfigError } from '../../config/config-error.js';
import { quoted } from '../../config/text.js';

/** What a flag becomes: words of our line, or a sentence where it has no counterpart. */
interface Counterpart {
  readonly words?: readonly string[];
  readonly target?: string;
  readonly note?: string;
}

type Flag = (value: string, name: string) => Counterpart;

const allow: Flag = (value) => ({ words: value.split(',').flatMap((rule) => ['--allow', rule.replace(/^\*@/, '@')]) });
const name: Flag = (value) => ({ words: ['--name', value.replace(/^\w+:\/\//, '').split('.', 1)[0] ?? ''] });
const nothing: Flag = (_value, flag) => ({ note: `${flag} has no counterpart here.` });
const signIn: Flag = (_value, flag) => ({
  note: `${flag} is not needed: everyone signs in, with the provider of your edge.`,
});
const machine: Flag = (_value, flag) => ({
  note: `instead of ${flag} a program gets a token: postern access-token create.`,
});
const secret: Flag = (_value, flag) => ({
  note: `instead of ${flag} run "postern login" once: a secret on a command line is seen by everyone.`,
});
const as =
  (flag: string): Flag =>
  (value) => ({ words: [flag, value] });
const target: Flag = (value) => ({ target: value });
const insecure: Flag = (value) => ({ words: value === 'false' ? [] : ['--target-insecure'] });

/** Flags of `ngrok http`, with a value. */
const NGROK: Readonly<Record<string, Flag>> = {
  '--url': (value, flag) => (isLocal(value) ? target(value, flag) : name(value, flag)),
  '--domain': name,
  '--hostname': name,
  '--subdomain': name,
  '--oauth': signIn,
  '--oauth-client-id': signIn,
  '--oauth-client-secret': signIn,
  '--oauth-scope': signIn,
  '--oidc': signIn,
  '--oidc-client-id': signIn,
  '--oidc-client-secret': signIn,
  '--oauth-allow-domain': (value) => allow(value.replace(/(^|,)@?/g, '$1@'), ''),
  '--oauth-allow-email': allow,
  '--allowed-mail': allow,
  '--basic-auth': machine,
  '--auth': machine,
  '--authtoken': secret,
  '--log': (value, flag) =>
    value === 'false' ? {} : { note: `instead of ${flag} redirect standard error: 2>> postern.log.` },
  '--logfile': (_value, flag) => ({ note: `instead of ${flag} redirect standard error: 2>> postern.log.` }),
  '--log-format': (value) => (value === 'json' ? { words: ['--json'] } : {}),
  '--output': (value) => (value === 'json' ? { words: ['--json'] } : {}),
  '--loglevel': (value) => ({ words: ['--log-level', value === 'fatal' ? 'error' : value] }),
  '--http-host-header': as('--host-header'),
  '--upstream-tls-verify-cas': as('--target-ca'),
  '--origin-ca-pool': as('--target-ca'),
  '--origin-server-name': nothing,
  '--upstream-protocol': nothing,
  '--region': nothing,
  '--metadata': nothing,
  '--description': nothing,
  '--label': nothing,
  '--scheme': nothing,
  '--traffic-policy-file': nothing,
  '--traffic-policy-url': nothing,
  '--policy-file': nothing,
  '--circuit-breaker': nothing,
  '--mutual-tls-cas': nothing,
  '--proxy-proto': nothing,
  '--cidr-allow': nothing,
  '--cidr-deny': nothing,
  '--request-header-add': nothing,
  '--request-header-remove': nothing,
  '--response-header-add': nothing,
  '--response-header-remove': nothing,
  '--verify-webhook': nothing,
  '--verify-webhook-secret': nothing,
  '--ua-filter-allow': nothing,
  '--ua-filter-deny': nothing,
};

/** Flags without a value, or with one behind `=` only. */
const SWITCHES: Readonly<Record<string, Flag>> = {
  '--no-tls-verify': insecure,
  '--upstream-tls-verify': () => ({}),
  '--pooling-enabled': nothing,
  '--bind-tls': () => ({}),
  '--compression': nothing,
  '--websocket-tcp-converter': nothing,
  '--http2-origin': nothing,
  '--all': () => ({}),
  '--none': nothing,
};

/** Throws `ConfigError` with the line to type when a command line is one of ngrok or cloudflared. */
export function refuseOldFlags(args: readonly string[]): void {
  const [first = '', second = '', third] = args;
  if (first === 'tunnel') refuseTunnel(args.slice(1));
  if (first === 'tcp' || first === 'tls') throw say(first, 'tunnels are for HTTP and WebSockets', `postern http 8080`);
  if (first === 'authtoken' || (first === 'config' && second === 'add-authtoken'))
    throw say(
      args.slice(0, third === undefined ? 1 : 2).join(' '),
      'agents sign in',
      'postern login https://tunnel.acme.com',
    );
  if (first === 'diagnose') throw say(first, 'it is called doctor', 'postern doctor');
  if (first === 'http' || first === 'start' || isLocal(first)) refuseFlags(isLocal(first) ? ['http', ...args] : args);
}

function refuseFlags(args: readonly string[]): void {
  const { old, line, notes } = translate(args);
  if (old.length > 0) throw new ConfigError([`${old.join(', ')}: of another program; type: postern ${line}`, ...notes]);
}

// cloudflared: `tunnel --url http://localhost:8080`, `tunnel run NAME`, `tunnel login`.
function refuseTunnel(args: readonly string[]): never {
  const [verb = '', name] = args;
  if (verb === 'login') throw say('tunnel login', 'agents sign in', 'postern login https://tunnel.acme.com');
  if (verb === 'run')
    throw say('tunnel run', 'it is called start', `postern start${name === undefined ? '' : ` ${word(name)}`}`);
  if (verb === 'list' || verb === 'info')
    throw say(`tunnel ${verb}`, 'a page of your edge shows them', 'postern token list');
  const { line, notes } = translate(['http', ...args]);
  throw new ConfigError([`tunnel: of another program; type: postern ${line}`, ...notes]);
}

interface Translation {
  readonly old: readonly string[];
  readonly line: string;
  readonly notes: readonly string[];
}

function translate([command = '', ...args]: readonly string[]): Translation {
  const old: string[] = [];
  const notes = new Set<string>();
  const words: string[] = [];
  let found: string | undefined;
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] as string; // `at` is below the length
    if (arg === '--') break;
    const [flag = '', joined] = /^(--[\w-]+)=(.*)$/s.exec(arg)?.slice(1) ?? [arg];
    const isSwitch = Object.hasOwn(SWITCHES, flag);
    const isInspect = flag === '--inspect' && /^(?:true|false)$/.test(joined ?? args[at + 1] ?? '');
    if (!isSwitch && !isInspect && !Object.hasOwn(NGROK, flag)) {
      words.push(arg);
      continue;
    }
    const value = joined ?? (isSwitch ? '' : (args[++at] ?? ''));
    const { words: more = [], target: to, note } = isInspect ? inspect(value) : counterpart(flag, value);
    old.push(flag);
    words.push(...more);
    found = to ?? found;
    if (note !== undefined) notes.add(note);
  }
  const needsTarget = command === 'http' && found === undefined && (words[0] === undefined || words[0].startsWith('-'));
  const head = found ?? (needsTarget ? '8080' : undefined);
  return {
    old,
    line: [command, ...(head === undefined ? [] : [head]), ...words].map(word).join(' '),
    notes: [...notes],
  };
}

function counterpart(flag: string, value: string): Counterpart {
  const known = (SWITCHES[flag] ?? NGROK[flag]) as Flag; // it was found in one of them
  return known(value, flag);
}

function inspect(value: string): Counterpart {
  return value === 'false' ? { words: ['--inspect', 'off'] } : {};
}

function say(what: string, why: string, line: string): ConfigError {
  return new ConfigError([`${what}: of another program, and here ${why}; type: ${line}`]);
}

function isLocal(text: string): boolean {
  return /^(?:\d+|(?:https?:\/\/)?(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?\/?)$/i.test(text);
}

/** A word as a shell reads it; one with what no terminal should show is quoted as a text. */
function word(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  return /^[\x20-\x7e]*$/.test(text) ? `'${text.replaceAll("'", `'\\''`)}'` : quoted(text);
}
