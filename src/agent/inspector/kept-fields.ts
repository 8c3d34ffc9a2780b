/**
 * Fields as they are kept: in one Buffer. A text for each name and value would live as long as the exchange, and to collect the garbage
 * among a hundred thousand of them would cost the agent more than all else that capture does.
 */
import type { RawHeaders } from '../../http/fields.js';

/** In no field of HTTP (RFC 9110, section 5.5). */
const SEPARATOR = '\n';

export class KeptFields {
  readonly #bytes: Buffer;

  constructor(fields: RawHeaders) {
    this.#bytes = Buffer.from(fields.join(SEPARATOR), 'latin1'); // as they were on the wire: a byte in each code unit
  }

  get length(): number {
    return this.#bytes.length;
  }

  read(): string[] {
    return this.#bytes.length === 0 ? [] : this.#bytes.toString('latin1').split(SEPARATOR);
  }
}
