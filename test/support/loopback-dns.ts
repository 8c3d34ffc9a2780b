/** Loaded with `--import` into a program under test: every host name means 127.0.0.1, also made-up domains. */
import dns, { type LookupOptions } from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';

type Found = (error: null, address: string | { address: string; family: number }[], family?: number) => void;

const lookup = (_host: string, options: LookupOptions | Found, found?: Found) => {
  const response = typeof options === 'function' ? options : (found as Found);
  const all = typeof options === 'object' && options.all === true;
  process.nextTick(() =>
    all ? response(null, [{ address: '127.0.0.1', family: 4 }]) : response(null, '127.0.0.1', 4),
  );
};
Object.assign(dns, { lookup });
syncBuiltinESMExports();
