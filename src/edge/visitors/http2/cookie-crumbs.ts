/**
 * The crumbs into which an HTTP/2 client may split `Cookie` for the sake of compression, joined as one header before anything
 * is decided (RFC 9113 section 8.2.3). A browser sends the same crumbs with each request, and the decoder gives them as the
 * same strings, so a connection joins them once.
 */
export class CookieCrumbs {
  #crumbs: string[] = [];
  #joined = '';

  /** The value of `cookie`, by all its lines from `start` on. */
  join(fields: readonly string[], start: number): string {
    if (!this.#areSame(fields, start)) {
      this.#crumbs = fields.filter((_, at) => at % 2 === 1 && at > start && fields[at - 1] === 'cookie');
      this.#joined = this.#crumbs.join('; ');
    }
    return this.#joined;
  }

  #areSame(fields: readonly string[], start: number): boolean {
    let count = 0;
    for (let at = start; at < fields.length; at += 2) {
      if (fields[at] === 'cookie' && fields[at + 1] !== this.#crumbs[count++]) return false;
    }
    return count === this.#crumbs.length;
  }
}
