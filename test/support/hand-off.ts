/** Reads what a page of the edge gives its script to do between the steps of a sign-in. */
import { unescapeHtml } from './forms.js';

/** To the provider: what is kept meanwhile under the sign-in's state. */
export interface Departure {
  readonly kind: 'departure';
  readonly provider: string;
  readonly state: string;
  readonly path: string | undefined;
}

/** To a tunnel with a ticket. */
export interface HandOff {
  readonly kind: 'hand-off';
  readonly ticket: string;
  /** Where the ticket is posted. */
  readonly redeem: string;
  readonly origin: string;
  readonly path: string;
  /** Where it is presented in the URL. */
  readonly url: string;
  readonly state: string | undefined;
}

/** What the script of this page does; undefined for any other page. */
export function readHandOff(html: string): Departure | HandOff | undefined {
  const [, attributes = ''] =
    /<script defer src="[^"]*\/oauth2\/hand-off\.js\?v=[\w-]+"([^>]*)><\/script>/.exec(html) ?? [];
  const data = new Map(
    [...attributes.matchAll(/ data-(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, unescapeHtml(value)]),
  );
  const { provider, state, path, ticket, redeem, origin, url } = Object.fromEntries(data);
  if (provider !== undefined && state !== undefined) return { kind: 'departure', provider, state, path };
  if (ticket === undefined || redeem === undefined || origin === undefined) return undefined;
  return { kind: 'hand-off', ticket, redeem, origin, path: path ?? '/', url: url ?? '', state };
}
