/** A QR code of a link, for the camera of a phone. */
import { styleText } from 'node:util';
import { renderUnicodeCompact } from 'uqr';

// Four modules on each side (ISO/IEC 18004, section 9.1): cameras find no code without them.
const QUIET_ZONE = 4;

/**
 * The lines of the code, in half blocks whose ink is the light part. With colours the ground is dark in every terminal; without
 * them the code is for a terminal with light text.
 */
export function qrLines(link: string, coloured: boolean): string[] {
  const lines = renderUnicodeCompact(link, { border: QUIET_ZONE, ecc: 'M' }).split('\n');
  return coloured ? lines.map((line) => styleText(['whiteBright', 'bgBlack'], line, { validateStream: false })) : lines;
}
