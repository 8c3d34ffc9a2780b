/** Which part of a body is shown, in words: "first 1 MB of 14 MB, br". */
import type { Body } from '../../wire.js';
import { sizeText } from './units.js';

export function bodyWords({ bytes, kept, type, encoding }: Body): string {
  const size = kept < bytes ? `first ${sizeText(kept)} of ${sizeText(bytes)}` : sizeText(bytes);
  return [type ?? 'no type', size, encoding].filter((part) => part !== null && part !== '').join(', ');
}
