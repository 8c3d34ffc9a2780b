/**
 * The name of a tunnel to which none was given: of the project and of its owner, so that it is the same tomorrow and two people
 * with one project get two. A canonical label of DNS: a-z, 0-9 and single inner hyphens.
 */
import { isTunnelName } from './hostname.js';

/** RFC 1035 section 2.3.4. */
const MAX_LABEL_CHARS = 63;

// Of the owner; the rest is for the project.
const MAX_OWNER_CHARS = 24;

/**
 * `shop-ana` for the project `@acme/shop` (or the directory `Shop`) of `ana@acme.com`. What has no letter or digit of ASCII adds
 * nothing; undefined if that leaves no name, or a reserved one.
 */
export function defaultName(project: string, owner: string): string | undefined {
  const person = labelOf(owner.split('@', 1)[0] ?? '', MAX_OWNER_CHARS);
  const room = person === '' ? MAX_LABEL_CHARS : MAX_LABEL_CHARS - person.length - 1;
  const thing = labelOf(withoutScope(project), room);
  const name = [thing, person].filter((part) => part !== '').join('-');
  return isTunnelName(name) ? name : undefined;
}

/** The name of a package without its scope: `shop` of `@acme/shop`. */
function withoutScope(project: string): string {
  return project.startsWith('@') ? project.slice(project.indexOf('/') + 1) : project;
}

function labelOf(text: string, maxChars: number): string {
  const letters = text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase(); // é is e with an accent
  const label = letters.replace(/[^a-z0-9]+/g, '-').replace(/^-/, '');
  return label.slice(0, maxChars).replace(/-$/, '');
}
