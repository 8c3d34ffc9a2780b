/**
 * Loaded with `--import` into an edge under test: names of hosts that the test has made up have the addresses of
 * `TEST_ADDRESSES` (JSON), and once the edge has accepted an address of one, what it dials there is port `TEST_PORT` of this
 * machine. The edge looks up, checks and connects as ever: nothing of its own is replaced.
 */
import dns, { type LookupAddress, type LookupOptions } from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import net, { type LookupFunction, type TcpSocketConnectOpts } from 'node:net';

const ADDRESSES = JSON.parse(process.env['TEST_ADDRESSES'] ?? '{}') as Readonly<Record<string, readonly string[]>>;
const PORT = Number(process.env['TEST_PORT']);
const HERE: LookupAddress = { address: '127.0.0.1', family: 4 };

type Found = Parameters<LookupFunction>[2];

const systemLookup = dns.lookup;
Object.assign(dns, {
  lookup: (host: string, options: LookupOptions, found: Found) => {
    const addresses = ADDRESSES[host]?.map((address) => ({ address, family: net.isIP(address) }));
    if (addresses === undefined) return systemLookup(host, options, found as never);
    process.nextTick(() => found(null, addresses));
    return undefined;
  },
});
syncBuiltinESMExports();

const { connect } = net.Socket.prototype;
net.Socket.prototype.connect = function (this: net.Socket, ...args: unknown[]) {
  const [normalized] = args;
  const options = (Array.isArray(normalized) ? normalized[0] : normalized) as Partial<TcpSocketConnectOpts> | undefined;
  const lookup = options?.lookup;
  if (options?.host !== undefined && ADDRESSES[options.host] !== undefined && lookup !== undefined) {
    options.port = PORT;
    options.lookup = (host, asked, found) =>
      lookup(host, asked, (error, address, family) => {
        if (error !== null) found(error, address, family);
        else if (asked.all) found(null, [HERE]);
        else found(null, HERE.address, HERE.family);
      });
  }
  return Reflect.apply(connect, this, args) as net.Socket;
} as typeof connect;
