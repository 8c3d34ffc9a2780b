/** Debian's BIND as the primary name server of one zone that takes dynamic updates (RFC 2136) with a key. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findCommand } from '../bench/children.js';
import { freePort, Program } from './processes.js';
import { temporaryFolder } from './temporary-folder.js';

/** The zone. */
export const ZONE = 'tunnel.test';

/** The key that may change TXT records, as `tsig-keygen` prints it. */
export const TSIG_KEY = `key "postern" {
	algorithm hmac-sha256;
	secret "c2VjcmV0IG9mIGEgdGVzdCBzZWNyZXQgb2YgYSB0ZXN0";
};
`;

const ZONE_FILE = `$TTL 60
@ IN SOA ns hostmaster 1 60 60 600 60
@ IN NS ns
ns IN A 127.0.0.1
@ IN A 127.0.0.1
* IN A 127.0.0.1
`;

/** For `test(name, { skip: bindMissing() }, ...)`: false, or why a test with BIND cannot run here. */
export function bindMissing(): string | false {
  return findCommand('named') === undefined ? 'no named here: "apt-get install bind9" brings it' : false;
}

export interface Bind {
  readonly port: number;
  close(): Promise<void>;
}

export async function startBind(): Promise<Bind> {
  const folder = temporaryFolder('bind');
  const port = await freePort();
  writeFileSync(join(folder, 'zone'), ZONE_FILE);
  const config = join(folder, 'named.conf');
  writeFileSync(
    config,
    `${TSIG_KEY}
options { directory "${folder}"; pid-file none; session-keyfile none; recursion no; dnssec-validation no;
  listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; }; managed-keys-directory "${folder}"; };
controls {};
zone "${ZONE}" { type primary; file "${join(folder, 'zone')}"; update-policy { grant postern zonesub TXT; }; };
`,
  );
  const program = new Program({
    name: 'named',
    command: findCommand('named') ?? 'named',
    script: '-g',
    args: ['-c', config],
  });
  await program.complaint('all zones loaded');
  return { port, close: async () => void (await program.kill()) };
}
