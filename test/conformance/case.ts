/** Cases: what one peer sends, and what the other must do. Each runs on its own connection. */
import { after, before, describe, test } from 'node:test';
import { type ConformanceServer, startConformanceServer } from './server.js';
import { Session } from './session.js';

/** Numbered and worded as in the public h2spec suite. */
export type Case = readonly [section: string, what: string, run: (session: Session) => Promise<void> | void];

export function runCases(title: string, cases: readonly Case[], open = Session.open): void {
  describe(title, () => {
    let server: ConformanceServer;
    before(async () => {
      server = await startConformanceServer(0);
    });
    after(() => server.close());
    for (const [section, what, run] of cases) {
      test(`${section} ${what}`, async () => {
        const session = await open(server.port);
        try {
          await run(session);
        } finally {
          session.destroy();
        }
      });
    }
  });
}
